package cluster_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/testcluster"
)

const (
	garbageDatagrams = 1000
	garbageStreams   = 100
)

// garbage makes the same random bytes each time.
func garbage() func(size int) []byte {
	source := rand.NewChaCha8([32]byte{7})
	return func(size int) []byte {
		b := make([]byte, size)
		source.Read(b) // never fails
		return b
	}
}

// throwDatagrams sends garbage, with now and then a first byte that members know.
func throwDatagrams(from *testcluster.Host, to string) {
	random := garbage()
	for i := range garbageDatagrams {
		datagram := random(1 + i%1200)
		if i%10 == 0 {
			datagram[0] = []byte{plainDatagram, sealedDatagram, labelKind, encryptKind, pushPullKind}[i/10%5]
		}
		tell(from, to, datagram)
	}
}

// throwStreams opens streams that begin with garbage, and waits until the other side has had enough of each.
func throwStreams(t *testing.T, from *testcluster.Host, to string) {
	t.Helper()
	random := garbage()
	for i := range garbageStreams {
		conn, err := from.DialTimeout(to, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		conn.Write(random(1 + 11*i))
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("stream %d is open after a minute", i)
		}
		conn.Close()
	}
}

// TestAttack_Garbage throws random bytes. A memberlist lives through it as well, with a line in its log for each.
func TestAttack_Garbage(t *testing.T) {
	plainly(t, func(t *testing.T, l *lab) {
		lists := l.grow(2)
		before := len(lists[0].log.all())
		throwDatagrams(l.Host(), lists[0].address())
		throwStreams(t, l.Host(), lists[0].address())
		if said := len(lists[0].log.all()) - before; said < garbageDatagrams+garbageStreams {
			t.Errorf("%d lines in its log, one for each of %d was expected", said, garbageDatagrams+garbageStreams)
		}
	})
	t.Run("grapevine", TestFault40_Garbage)
}

// TestFault40_Garbage holds that garbage leaves nothing behind but counts, and a line for each reason, once a minute.
func TestFault40_Garbage(t *testing.T) {
	sealedOver(t, normal, func(t *testing.T, c *testcluster.Cluster) {
		var log lines
		target := c.Run(c.Network.Host(), cluster.Config{Name: "target", Logger: zerolog.New(&log).Level(zerolog.WarnLevel)})
		c.Add()
		c.AwaitConverged(time.Minute)
		time.Sleep(time.Minute)
		defer stays(t, c.Members, "both", members(2))()
		before, said := target.Stats(), len(log.all())
		throwDatagrams(c.Network.Host(), target.Address())
		time.Sleep(time.Second)
		now := target.Stats()
		seen := now.Garbage - before.Garbage + now.UnknownKey - before.UnknownKey +
			now.Refused[transport.ReasonPlain] - before.Refused[transport.ReasonPlain]
		if seen != garbageDatagrams {
			t.Errorf("%d of %d datagrams are counted: %+v", seen, garbageDatagrams, now)
		}
		throwStreams(t, c.Network.Host(), target.Address())
		if failed := target.Stats().Failed - now.Failed; failed < garbageStreams {
			t.Errorf("%d of %d streams are counted", failed, garbageStreams)
		}
		if all := log.all()[said:]; len(all) > 2 {
			t.Errorf("%d lines in its log, one for each of two reasons at most was expected:\n%s", len(all), strings.Join(all, ""))
		}
		time.Sleep(time.Minute)
		if now = target.Stats(); now.Peers != before.Peers || now.Links != before.Links || now.Sessions > sessionsOfAPeer {
			t.Errorf("%d peers, %d sessions and %d links have become %d, %d and %d",
				before.Peers, before.Sessions, before.Links, now.Peers, now.Sessions, now.Links)
		}
	})
}

// sessionsOfAPeer is how many are kept at most: each push/pull makes another.
const sessionsOfAPeer = 4
