package cluster

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// ErrDraining is returned by Register and Update once Drain was called.
var ErrDraining = errors.New("cluster: node is draining")

// Register offers service to the cluster and returns at once; the others hear of it within about a round trip. A
// service that cannot be used, or one whose name this process has registered already, or that makes the record of this
// member exceed 64 KiB, is a [*membership.FieldError], and nothing is sent. So is a service at a loopback address of a
// member that is not on loopback, unless Config.AllowLoopbackServices is set.
func (n *Node) Register(service membership.Service) (membership.Registration, error) {
	err := n.offer(func(own *membership.Record) error {
		if err := n.checkReach(service); err != nil {
			return err
		}
		own.Services = append(own.Services, service)
		if own.Registered == nil {
			own.Registered = make(map[string]time.Time)
		}
		own.Registered[service.Name] = time.Now()
		return nil
	})
	if err != nil {
		return nil, wrap("register", err)
	}
	return &registration{node: n, name: service.Name}, nil
}

type registration struct {
	node  *Node
	name  string
	ended bool // under the node's lock: what another registration offers under the name is not this one's
}

// Update keeps the time of the registration. That of a service that is registered anew is another.
func (r *registration) Update(service membership.Service) error {
	return wrap("update", r.node.offer(func(own *membership.Record) error {
		if r.ended {
			return &membership.FieldError{Field: "service name", Value: r.name, Remedy: "it was deregistered: register it anew"}
		}
		if service.Name != r.name {
			return &membership.FieldError{Field: "service name", Value: service.Name,
				Remedy: "an update keeps the name; register another service for another name"}
		}
		if err := r.node.checkReach(service); err != nil {
			return err
		}
		at := slices.IndexFunc(own.Services, func(s membership.Service) bool { return s.Name == r.name })
		own.Services[at] = service
		return nil
	}))
}

func (r *registration) Deregister() error {
	return wrap("deregister", r.node.change(func(own *membership.Record) error {
		own.Services = slices.DeleteFunc(own.Services, func(s membership.Service) bool { return s.Name == r.name && !r.ended })
		r.ended = true
		return nil
	}))
}

// offer is a change that makes sense only while this member takes calls.
func (n *Node) offer(edit func(*membership.Record) error) error {
	if err := n.failure(); err != nil {
		return err
	}
	return n.change(func(own *membership.Record) error {
		if own.State != membership.Active {
			return ErrDraining
		}
		return edit(own)
	})
}

// checkReach refuses a service that others would look for on their own hosts.
func (n *Node) checkReach(service membership.Service) error {
	if n.loopbackServices || n.address.Addr().IsLoopback() {
		return nil
	}
	if service.Check() != nil || !onLoopback(service.Address) {
		return nil // another check refuses what is no address at all
	}
	return &membership.FieldError{Field: fmt.Sprintf("address of service %q", service.Name), Value: service.Address,
		Remedy: fmt.Sprintf("other hosts reach this member at %v, and not at loopback: serve and register at "+
			"an address that they reach, or allow this (%s)", n.address, settingOf("AllowLoopbackServices"))}
}

// loopbackNames are host names that mean the host itself, in the files of hosts of common systems (RFC 6761).
var loopbackNames = regexp.MustCompile(`^(.*\.)?(localhost[46]?(\.localdomain[46]?)?|ip6-localhost|ip6-loopback)\.?$`)

// onLoopback reports whether a host that dials address, host:port, calls itself. It looks up no name.
func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		ip, err = parseShortIPv4(host)
	}
	if err != nil {
		return loopbackNames.MatchString(strings.ToLower(host))
	}
	ip = ip.WithZone("").Unmap()
	return ip.IsLoopback() || ip.IsUnspecified()
}

var errNoIPv4 = errors.New("no IPv4 address")

// parseShortIPv4 reads what inet_aton of C libraries does, and with it some resolvers: one to four
// numbers, decimal, octal or hexadecimal, the last of which fills the bytes that are left, as 127.1.
func parseShortIPv4(host string) (netip.Addr, error) {
	parts := strings.Split(host, ".")
	var ip [4]byte
	if len(parts) > len(ip) {
		return netip.Addr{}, errNoIPv4
	}
	for i, part := range parts {
		bytes := 1
		if i == len(parts)-1 {
			bytes = len(ip) - i
		}
		number, err := strconv.ParseUint(part, 0, 8*bytes)
		if err != nil {
			return netip.Addr{}, errNoIPv4
		}
		for at := i + bytes - 1; at >= i; at-- {
			ip[at] = byte(number)
			number >>= 8
		}
	}
	return netip.AddrFrom4(ip), nil
}

// failure is why this node is of no more use, if it is not.
func (n *Node) failure() error {
	if n.ctx.Err() != nil {
		return ErrClosed
	}
	return n.name.failure()
}

// record is what this member says about itself at the moment.
func (n *Node) record() membership.Record {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.own
}

// outdo corrects peers that know a version of this boot's record that this member never wrote: it writes a newer one. A
// liar may repeat itself, so a few are written at once and one a second then, each above by a bounded step.
func (n *Node) outdo(boot membership.Boot, version uint64) {
	if boot.ID != n.id.boot || !ahead(boot, version, n.record()) || !n.mayOutdo() {
		return
	}
	n.seldom.Warn(errNotMine, "cluster: wrote a newer record")
	_ = n.change(func(own *membership.Record) error { // fails only when the node is closed or has left
		switch {
		case boot.Number > own.Boot.Number:
			own.Boot.Number = min(membership.Step(own.Boot.Number, boot.Number)+1, membership.NumberLimit-1)
		case boot.Number == own.Boot.Number:
			own.Version = max(own.Version, membership.Step(own.Version, version))
		}
		return nil
	})
}

// falsehood is the newest version that others told of and this member never wrote, since the last was outdone.
type falsehood struct {
	boot    membership.Boot
	version uint64
	since   time.Time
}

// outdoLater has upkeep outdo a version that a relay told of. Members that believed it say so once, and that may be lost.
// Those that were heard are pushed this member's record before that, ask, and distrust relays from then on.
func (n *Node) outdoLater(boot membership.Boot, version uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	told := &n.falsehood
	if told.since.IsZero() {
		*told = falsehood{boot, version, time.Now()}
	} else if boot.Number > told.boot.Number || boot.Number == told.boot.Number && version > told.version {
		told.boot, told.version = boot, version
	}
}

// outdoRelayed outdoes what relays told of a while ago.
func (n *Node) outdoRelayed() {
	n.mu.Lock()
	told := n.falsehood
	due := !told.since.IsZero() && time.Since(told.since) >= upkeep/2
	if due {
		n.falsehood = falsehood{}
	}
	n.mu.Unlock()
	if due {
		n.outdo(told.boot, told.version)
	}
}

// ahead reports whether a version of a boot is newer than a record of the same boot.
func ahead(boot membership.Boot, version uint64, own membership.Record) bool {
	return boot.Number > own.Boot.Number || boot.Number == own.Boot.Number && version > own.Version
}

func (n *Node) mayOutdo() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.outdone.allow()
}

var errNoNumber = errors.New("cluster: this member's boot numbers are used up: restart it under another name")

var errNotMine = errors.New("somebody tells of a record of this member that it did not write")

// change edits a copy of this member's record and, if the outcome may be sent, makes it the next version.
func (n *Node) change(edit func(*membership.Record) error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.own.State == membership.Left {
		return ErrClosed
	}
	next := n.own.Clone()
	if err := edit(&next); err != nil {
		return err
	}
	anew := next.Version >= membership.NumberLimit-1
	if next.Version++; anew { // versions begin again, in a boot with a higher number, which is the same life
		next.Boot.Number, next.Version = next.Boot.Number+1, 1
	}
	if next.Boot.Number >= membership.NumberLimit {
		return errNoNumber
	}
	if err := next.Check(); err != nil {
		return err
	}
	n.own = next.Clone() // what the caller passed stays the caller's
	n.store.Apply(membership.Heard{Record: next})
	if anew {
		n.push.restart()
	}
	n.push.kick()
	return nil
}
