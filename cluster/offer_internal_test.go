package cluster

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/grapevine-go/grapevine/membership"
)

// TestReachableAtIPv6 has a node that is reached under IPv6: what listens to IPv4 only cannot be reached there.
func TestReachableAtIPv6(t *testing.T) {
	n := &Node{address: netip.MustParseAddrPort("[fd00::7]:7946")}
	if got, err := n.reachableAt("[::]:80"); got != "[fd00::7]:80" || err != nil {
		t.Errorf("[::]:80 is reachable at %s, %v", got, err)
	}
	var field *membership.FieldError
	if got, err := n.reachableAt("0.0.0.0:80"); !errors.As(err, &field) || field.Value != "0.0.0.0:80" {
		t.Errorf("0.0.0.0:80 is reachable at %s, %v", got, err)
	}
}
