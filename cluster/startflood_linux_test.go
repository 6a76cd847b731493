package cluster_test

// Linux alone has all of 127.0.0.0/8 for its own.

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
)

// TestFault60_NewcomerBesideAFlood has strangers hold all the pending connections that a member allows, from one address or from
// many, which they open again a second after they are closed. A newcomer that knows this member alone joins, whether its own address
// is the strangers' or not.
func TestFault60_NewcomerBesideAFlood(t *testing.T) {
	for name, from := range map[string]func(i int) net.IP{
		"one address":    func(int) net.IP { return net.IPv4(127, 0, 0, 1) },
		"another":        func(int) net.IP { return net.IPv4(127, 0, 0, 2) },
		"many addresses": func(i int) net.IP { return net.IPv4(127, 0, 1, byte(1+i%250)) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			var strangers sync.WaitGroup
			defer strangers.Wait()
			defer stop()
			secret := cluster.NewSecret()
			target := start(t, cluster.Config{Name: "m1", Cluster: "c", Secret: secret})
			for i := range 300 {
				dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from(i)}, Timeout: time.Second}
				strangers.Go(func() { hold(ctx, dialer, target.Address()) })
			}
			for until := time.Now().Add(never); target.Stats().Refused[transport.ReasonFlood] == 0; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(until) {
					t.Fatal("the strangers do not fill the room")
				}
			}
			newcomer := start(t, cluster.Config{Name: "m2", Cluster: "c", Secret: secret, Join: []string{target.Address()}})
			await(t, members(2), target, newcomer)
		})
	}
}

// hold keeps a connection open on which nothing is said.
func hold(ctx context.Context, dialer net.Dialer, to string) {
	for ctx.Err() == nil {
		if conn, err := dialer.DialContext(ctx, "tcp", to); err == nil {
			end := context.AfterFunc(ctx, func() { conn.Close() })
			io.Copy(io.Discard, conn)
			end()
			conn.Close()
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}
