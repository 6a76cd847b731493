package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/grapevine-go/grapevine/membership"
)

// Instance i of the service that is asked for, from 1 on, has the address 10.0.0.0 + i and the port 8000 + i. All have
// the same weight, so that an even shuffle is the right order.
const (
	firstDNSAddress = 10 << 24
	firstDNSPort    = 8000
)

func dnsMember(i int) string { return fmt.Sprintf("%s-%d", dnsService, i) }

func dnsAddress(i int) netip.AddrPort {
	var ip [4]byte
	binary.BigEndian.PutUint32(ip[:], uint32(firstDNSAddress+i))
	return netip.AddrPortFrom(netip.AddrFrom4(ip), uint16(firstDNSPort+i))
}

// dnsView lists the instances.
func dnsView(instances int) *membership.View {
	store := membership.NewStore("server")
	var changes []membership.Change
	for i := 1; i <= instances; i++ {
		at := dnsAddress(i)
		gossip := netip.AddrPortFrom(at.Addr(), 7946).String()
		record := membership.Record{Name: dnsMember(i), Boot: membership.Boot{Number: 1, ID: uint64(i)}, Version: 1,
			Services: []membership.Service{{Name: dnsService, Address: at.String()}}}
		changes = append(changes, membership.Heard{Record: record}, membership.Up{Name: record.Name, BootID: uint64(i), Address: gossip})
	}
	store.Apply(changes...)
	return store.View()
}
