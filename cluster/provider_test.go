package cluster_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

const srvName = "_gossip._tcp.shop.test."

func TestStaticSeedsAreCopied(t *testing.T) {
	mine := []string{"a:1", "b:1"}
	provider := cluster.StaticSeeds(mine...)
	mine[0] = "changed"
	for range 2 {
		seeds, err := provider.Seeds(t.Context())
		if err != nil || !slices.Equal(seeds, []string{"a:1", "b:1"}) {
			t.Errorf("Seeds = %q, %v", seeds, err)
		}
		seeds[0] = "changed"
	}
}

func TestSeedFunc(t *testing.T) {
	sick := errors.New("sick")
	type key struct{}
	provider := cluster.SeedFunc(func(ctx context.Context) ([]string, error) {
		return []string{ctx.Value(key{}).(string)}, sick
	})
	seeds, err := provider.Seeds(context.WithValue(t.Context(), key{}, "a:1"))
	if !slices.Equal(seeds, []string{"a:1"}) || err != sick {
		t.Errorf("Seeds = %q, %v, want what the func gave", seeds, err)
	}
}

// TestFault22_SRVRecordsChange has the records appear after the first attempt, and move after the second.
func TestFault22_SRVRecordsChange(t *testing.T) {
	var dns nameserver
	dns.install(t)
	provider := cluster.SRVSeeds(srvName)

	seeds, err := provider.Seeds(t.Context())
	var notFound *net.DNSError
	if len(seeds) > 0 || !errors.As(err, &notFound) || !notFound.IsNotFound || !strings.Contains(err.Error(), srvName) {
		t.Errorf("Seeds = %q, %v before there are any", seeds, err)
	}
	for _, target := range []string{"a.shop.test.", "b.shop.test."} {
		dns.setSRV(srvName, net.SRV{Target: target, Port: 7946}, net.SRV{Target: target, Port: 7947, Priority: 1})
		seeds, err := provider.Seeds(t.Context())
		if err != nil || !slices.Equal(seeds, []string{target + ":7946", target + ":7947"}) {
			t.Errorf("Seeds = %q, %v, want two ports of %s", seeds, err, target)
		}
	}
}

// TestSRVTargetsAreAbsolute: what is looked up next is the target itself, and not the target in some search domain.
func TestSRVTargetsAreAbsolute(t *testing.T) {
	var dns nameserver
	dns.install(t)
	dns.setSRV(srvName, net.SRV{Target: "a.", Port: 7946})
	dns.setA("a.", netip.MustParseAddr("10.0.0.7"))
	seeds, err := cluster.SRVSeeds(srvName).Seeds(t.Context())
	if err != nil || !slices.Equal(seeds, []string{"a.:7946"}) {
		t.Fatalf("Seeds = %q, %v", seeds, err)
	}
	host, _, _ := net.SplitHostPort(seeds[0])
	if ips, err := net.DefaultResolver.LookupHost(t.Context(), host); err != nil || !slices.Equal(ips, []string{"10.0.0.7"}) {
		t.Errorf("LookupHost(%s) = %s, %v", host, ips, err)
	}
}

func TestSRVSaysNoSuchService(t *testing.T) {
	var dns nameserver
	dns.install(t)
	dns.setSRV(srvName, net.SRV{Target: "."})
	seeds, err := cluster.SRVSeeds(srvName).Seeds(t.Context())
	if len(seeds) > 0 || err == nil || !strings.Contains(err.Error(), "no such service") {
		t.Errorf("Seeds = %q, %v", seeds, err)
	}
}

// TestSRVMalformed has one record whose target is no host name: the other one counts.
func TestSRVMalformed(t *testing.T) {
	var dns nameserver
	dns.install(t)
	dns.setSRV(srvName, net.SRV{Target: "a b.test.", Port: 1}, net.SRV{Target: "c.test.", Port: 2})
	seeds, err := cluster.SRVSeeds(srvName).Seeds(t.Context())
	if !slices.Equal(seeds, []string{"c.test.:2"}) || err == nil {
		t.Errorf("Seeds = %q, %v, want the other one and an error", seeds, err)
	}
}

func TestSRVLookupEndsWithItsContext(t *testing.T) {
	dns := nameserver{silent: true}
	dns.install(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	begin := time.Now()
	seeds, err := cluster.SRVSeeds(srvName).Seeds(ctx)
	if took := time.Since(begin); took > 2*time.Second { // a question is repeated after 5 s
		t.Errorf("Seeds took %v", took)
	}
	var timeout net.Error
	if len(seeds) > 0 || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("Seeds = %q, %v, want a time-out", seeds, err)
	}
}
