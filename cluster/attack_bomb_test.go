package cluster_test

import (
	"bytes"
	"compress/lzw"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

const inflated = 16 << 20 // bytes; a memberlist allows 40 MiB

// bomb is a message of so many zeros, as memberlist compresses them.
func bomb(size int) []byte {
	var squeezed bytes.Buffer
	w := lzw.NewWriter(&squeezed, lzw.LSB, 8)
	w.Write([]byte{userKind}) // to memory, which does not fail
	w.Write(make([]byte, size-1))
	w.Close()
	return packed(compressKind, compressed{0, squeezed.Bytes()})
}

// heard is a delegate that notes how much it was given.
type heard struct {
	memberlist.Delegate
	sizes chan int
}

func (h heard) NotifyMsg(message []byte)             { h.sizes <- len(message) }
func (heard) NodeMeta(int) []byte                    { return nil }
func (heard) LocalState(bool) []byte                 { return nil }
func (heard) MergeRemoteState([]byte, bool)          {}
func (heard) GetBroadcasts(int, int) (none [][]byte) { return nil }

// TestAttack_DecompressionBomb sends some KiB that become many MiB. Anybody can, to a memberlist that has no key, and
// whether that one compresses itself does not matter. Here nobody can, not even who knows the secret.
func TestAttack_DecompressionBomb(t *testing.T) {
	plainly(t, func(t *testing.T, l *lab) {
		delegate := heard{sizes: make(chan int, 1)}
		target := l.run(l.Host(), "m1", open, func(c *memberlist.Config) { c.Delegate, c.EnableCompression = delegate, false })
		sent := bomb(inflated)
		tell(l.Host(), target.address(), sent)
		if got := <-delegate.sizes; got < inflated-1 {
			t.Errorf("%d bytes became %d", len(sent), got)
		}
	})
	t.Run("grapevine", TestFault41_DecompressionBomb)
}

func TestFault41_DecompressionBomb(t *testing.T) {
	withHolder(t, func(t *testing.T, c *testcluster.Cluster, holder *transport.Transport) {
		target := c.Members[0]
		for _, size := range []int{64 << 10, 4 << 20} { // in a datagram, and in a frame of a link
			holder.WriteToAddress(bomb(size), at(target))
		}
		time.Sleep(time.Second)
		if got := target.Stats().Malformed; got != 2 {
			t.Errorf("%d messages are counted as malformed, want both", got)
		}
		offer(t, holder, target, bomb(inflated))
		c.AwaitConverged(time.Minute)
	})
}
