package dnsendpoint_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
)

// TestDigFollowsACluster asks one member of a real cluster: an instance that another registers appears, one that drains
// leaves the answers while it is still up, and one whose process ends leaves them as well.
func TestDigFollowsACluster(t *testing.T) {
	t.Parallel()
	start := func(name string, seeds ...string) *cluster.Node {
		node, err := cluster.Start(t.Context(), cluster.Config{Name: name, Join: seeds, Logger: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { node.Close() })
		return node
	}
	asked := start("asked")
	at := serve(t, asked.View())
	offer := func(name, address string) *cluster.Node {
		node := start(name, asked.Address())
		if _, err := node.Register(membership.Service{Name: "catalog", Address: address}); err != nil {
			t.Fatal(err)
		}
		return node
	}
	await := func(want ...string) {
		t.Helper()
		eventually(t, func() string {
			got := lines(output(t, "dig", "@"+at.Addr().String(), "-p", fmt.Sprint(at.Port()), "+short", "catalog.service."+zone, "SRV"))
			for i, line := range got {
				got[i] = strings.TrimPrefix(line, "0 65280 ")
			}
			if !slices.Equal(got, want) {
				return fmt.Sprintf("the answer is %v, want %v", got, want)
			}
			return ""
		})
	}
	const one, two, three = "8001 m1.node." + zone, "8002 m2.node." + zone, "8003 m3.node." + zone
	m1, m2 := offer("m1", "10.0.0.1:8001"), offer("m2", "10.0.0.2:8002")
	await(one, two)
	offer("m3", "10.0.0.3:8003")
	await(one, two, three)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := m1.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	await(two, three)
	m2.Close()
	await(three)
}
