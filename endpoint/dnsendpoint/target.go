package dnsendpoint

import (
	"encoding/hex"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/grapevine-go/grapevine/membership"
)

// target is an instance with its address and its labels parsed.
type target struct {
	instance *membership.Instance
	addr     netip.Addr // invalid where the instance's host is a name
	host     int        // equal for equal addresses of a service
	port     uint16
	weight   int
	far      bool     // another zone is preferred
	labels   []string // its version, tags and zone, in lower case

	// name is the target of its SRV record in wire form. Where its host is an address, name is in the
	// server's zone, and relative is the part before the zone.
	name     []byte
	relative []byte
	shared   bool // others of the same address have the same name
}

// hostKey is equal for equal hosts.
func (t *target) hostKey() string {
	if t.addr.IsValid() {
		return string(t.addr.AsSlice())
	}
	return string(t.name)
}

// newTarget parses an instance. It returns a reason where no record can hold the address.
func newTarget(instance *membership.Instance, in settings) (t target, reason string) {
	host, port, err := net.SplitHostPort(instance.Address)
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || number == 0 {
		return t, "its address has no port number"
	}
	t = target{
		instance: instance,
		port:     uint16(number),
		weight:   max(instance.Weight, 1),
		far:      in.prefer != "" && instance.Zone != in.prefer,
		labels:   labelsOf(instance),
	}
	addr, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		labels, ok := appendLabels(nil, strings.TrimSuffix(host, "."))
		if !ok {
			return t, "its host is no domain name"
		}
		t.name = append(labels, 0)
	case addr.Zone() != "":
		return t, "its IPv6 address has a zone, which means nothing on another host"
	default:
		t.addr = addr.Unmap()
	}
	return t, ""
}

// labelsOf returns what may be asked for in front of the service's name. Each stands for the zone
// under two names, so that a tag which looks like a zone does no harm.
func labelsOf(instance *membership.Instance) []string {
	labels := make([]string, 0, len(instance.Tags)+3)
	for _, label := range instance.Tags {
		labels = append(labels, lowerText(label))
	}
	if instance.Version != "" {
		labels = append(labels, lowerText(instance.Version))
	}
	if instance.Zone != "" {
		labels = append(labels, instance.Zone, "zone-"+instance.Zone)
	}
	return labels
}

// nodeBranch and addressBranch are where the names of addresses are.
const (
	nodeBranch    = "node"
	addressBranch = "addr"
)

// setName names the target in the server's zone: by its member, as in "users-1.node.prod.internal",
// where that name has this address alone, and otherwise by the address itself, as in
// "0a000007.addr.prod.internal".
func (t *target) setName(in settings, member membership.Member) {
	if only := addressesOf(nil, member); len(only) == 1 && only[0] == t.addr {
		if labels, ok := appendLabels(nil, member.Name+"."+nodeBranch); ok {
			t.setRelative(in, labels)
			return
		}
	}
	t.shared = true
	labels, _ := appendLabels(nil, hex.EncodeToString(t.addr.AsSlice())+"."+addressBranch)
	t.setRelative(in, labels)
}

func (t *target) setRelative(in settings, labels []byte) {
	t.name = append(labels, in.zone.wire...)
	t.relative = t.name[:len(labels)]
}

// addressesOf appends the addresses of a member, each once: those of its services or, without
// services, that of its gossip.
func addressesOf(addrs []netip.Addr, member membership.Member) []netip.Addr {
	for i := range member.Services {
		addrs = appendAddress(addrs, member.Services[i].Address)
	}
	if len(member.Services) == 0 {
		addrs = appendAddress(addrs, member.Address)
	}
	return addrs
}

func appendAddress(addrs []netip.Addr, address string) []netip.Addr {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return addrs
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" {
		return addrs
	}
	addr = addr.Unmap()
	if slices.Contains(addrs, addr) {
		return addrs
	}
	return append(addrs, addr)
}

// holds reports whether labels, joined by dots, are all of the target's, in any order. Labels may
// hold dots themselves, as the version "1.2" does.
func (t *target) holds(labels []byte) bool { return t.spells(labels, false) }

// completes reports whether the name is part of one that holds: "2" of the version "1.2".
func (t *target) completes(labels []byte) bool { return t.spells(labels, true) }

func (t *target) spells(text []byte, partly bool) bool {
	if len(text) == 0 {
		return true
	}
	var begins [longestName + 2]bool // text before it is made of labels
	begins[0] = true
	if partly {
		for _, label := range t.labels {
			for dot := strings.IndexByte(label, '.'); dot >= 0; {
				label = label[dot+1:]
				t.step(&begins, text, 0, label)
				dot = strings.IndexByte(label, '.')
			}
		}
	}
	for at := range text {
		if !begins[at] {
			continue
		}
		for _, label := range t.labels {
			t.step(&begins, text, at, label)
		}
	}
	return begins[len(text)+1]
}

// step marks the end of label as a begin, where text has it at at.
func (t *target) step(begins *[longestName + 2]bool, text []byte, at int, label string) {
	end := at + len(label)
	if label != "" && end <= len(text) && string(text[at:end]) == label && (end == len(text) || text[end] == '.') {
		begins[end+1] = true
	}
}
