package cluster_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

// never is a deadline that only tells never from late.
const never = 3 * time.Minute

// TestFault60_StartTogether starts sealed members of one process 8 at a time, on real sockets. All come to list all, and none that
// is listed is removed. `go -C testcluster/bench run . -what start` measures it.
func TestFault60_StartTogether(t *testing.T) {
	const width = 8
	n := brief(16, 32)
	config := cluster.Config{Cluster: "c", Secret: cluster.NewSecret()}
	nodes := make([]*cluster.Node, n)
	ctx, stop := context.WithTimeout(t.Context(), never)
	defer stop()
	var removed atomic.Int64
	var complete, following sync.WaitGroup
	follow := func(node *cluster.Node) {
		var listed map[string]bool
		whole := sync.OnceFunc(complete.Done)
		defer whole()
		for s := range node.View().Follow(ctx) {
			now := make(map[string]bool)
			for _, m := range s.Members() {
				now[m.Name] = true
			}
			for name := range listed {
				if !now[name] {
					removed.Add(1)
				}
			}
			if listed = now; len(now) == n {
				whole()
			}
		}
	}
	begin := func(i int) {
		config := config
		config.Name = fmt.Sprintf("m%d", i)
		node, err := cluster.Start(ctx, config)
		if err != nil {
			t.Error(err)
			return
		}
		nodes[i] = node
		complete.Add(1)
		following.Go(func() { follow(node) })
	}
	defer func() {
		for _, node := range nodes {
			if node != nil {
				node.Close()
			}
		}
	}()
	for i := range 3 {
		if begin(i); nodes[i] == nil {
			return
		}
		config.Join = append(config.Join, nodes[i].Address())
	}
	for i := 3; i < n; i += width {
		var wave sync.WaitGroup
		for j := i; j < min(i+width, n); j++ {
			wave.Go(func() { begin(j) })
		}
		wave.Wait()
	}
	complete.Wait()
	if ctx.Err() != nil {
		for _, node := range nodes {
			t.Errorf("%s lists %d of %d", node.Name(), len(node.View().Snapshot().Members()), n)
		}
	}
	stop()
	following.Wait()
	if got := removed.Load(); got > 0 {
		t.Errorf("%d times a live member was removed", got)
	}
}
