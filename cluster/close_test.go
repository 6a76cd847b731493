package cluster

import (
	"testing"
	"testing/synctest"
	"time"
)

func inBubble(t *testing.T, test func(t *testing.T, n *Node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n, err := Start(t.Context(), Config{Name: "self", Cluster: "c", Insecure: true, Transport: nowhere{}})
		if err != nil {
			t.Fatal(err)
		}
		defer time.Sleep(time.Minute) // memberlist's goroutines outlive its Shutdown
		defer n.Close()
		test(t, n)
	})
}

func TestCloseWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Node) {
		release, closed := make(chan struct{}), make(chan struct{})
		n.spawn(func() { <-release })
		for range 2 {
			go func() {
				n.Close()
				closed <- struct{}{}
			}()
		}
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close did not wait for a goroutine of the node")
			<-closed
		default:
			close(release)
			<-closed
			<-closed
		}
	})
}

func TestNothingBeginsAfterClose(t *testing.T) {
	inBubble(t, func(t *testing.T, n *Node) {
		n.Close()
		n.spawn(func() { t.Error("a goroutine began after Close") })
		if n.beginGoodbye() { // memberlist would panic
			t.Error("the goodbye began after Close")
		}
	})
}
