package dnsendpoint_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/dnssrv"
	"github.com/go-kit/log"
)

// resolver returns Go's resolver, which asks the directory alone.
func (d *directory) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, d.address.String())
	}}
}

// TestGoResolver looks up 60 instances, by TCP where a datagram does not hold them.
func TestGoResolver(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	d.catalog(60)
	resolver := d.resolver()
	addresses, err := resolver.LookupHost(t.Context(), "catalog.service."+zone)
	if err != nil || len(addresses) != 60 {
		t.Errorf("%d addresses, %v", len(addresses), err)
	}
	_, records, err := resolver.LookupSRV(t.Context(), "catalog", "tcp", "service."+zone)
	if err != nil || len(records) != 60 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for _, record := range records {
		if want := fmt.Sprintf("catalog-%d.node.%s", record.Port-8000, zone); record.Target != want || record.Weight != 65280 {
			t.Errorf("port %d is of %s with weight %d, want %s", record.Port, record.Target, record.Weight, want)
		}
	}
	texts, err := resolver.LookupTXT(t.Context(), "catalog.service."+zone)
	if err != nil || len(texts) != 60 {
		t.Errorf("%d texts, %v", len(texts), err)
	}
	_, err = resolver.LookupHost(t.Context(), "nobody.service."+zone)
	if missing := new(net.DNSError); !asDNSError(err, missing) || !missing.IsNotFound {
		t.Errorf("the lookup of a service that nobody offers: %v", err)
	}
}

func asDNSError(err error, to *net.DNSError) bool {
	found, ok := err.(*net.DNSError)
	if ok {
		*to = *found
	}
	return ok
}

// TestGoKitInstancer follows a service with sd/dnssrv: an instance that drains leaves, one that joins appears.
func TestGoKitInstancer(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	d.catalog(60)
	resolver := d.resolver()
	lookup := func(service, proto, name string) (string, []*net.SRV, error) {
		return resolver.LookupSRV(t.Context(), service, proto, name)
	}
	instancer := dnssrv.NewInstancerDetailed("catalog.service."+zone, time.NewTicker(20*time.Millisecond), lookup, log.NewNopLogger())
	defer instancer.Stop()
	events := make(chan sd.Event, 100)
	instancer.Register(events)
	defer instancer.Deregister(events)
	await := func(present, absent string, n int) {
		t.Helper()
		for limit := time.After(patience); ; {
			select {
			case event := <-events:
				if event.Err == nil && len(event.Instances) == n && slices.Contains(event.Instances, present) &&
					!slices.Contains(event.Instances, absent) {
					return
				}
			case <-limit:
				t.Fatalf("no event with %d instances, with %s and without %s", n, present, absent)
			}
		}
	}
	await("catalog-1.node."+zone+":8001", "", 60)
	d.drain("catalog-1")
	await("catalog-2.node."+zone+":8002", "catalog-1.node."+zone+":8001", 59)
	d.catalog(61) // all of them again, in a new boot
	await("catalog-61.node."+zone+":8061", "", 61)
}
