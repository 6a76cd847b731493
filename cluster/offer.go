package cluster

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"reflect"

	"github.com/grapevine-go/grapevine/membership"
)

// Server is an [*net/http.Server], or a server of gRPC as grpcendpoint.Server returns it. Serve blocks until the
// listener is closed or Shutdown is called. Shutdown lets the requests in flight finish, and returns when they have or when
// ctx is done. A Server may have a method Close() error that ends it at once; it is called when Shutdown fails.
type Server interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
}

// Offer is a service and the server behind it. Several may share a server, and a listener.
type Offer struct {
	// Service is registered as it is. An empty Address means that of the listener; if that is a wildcard, such as that of
	// ":8080", the IP under which the node is reached stands for it.
	Service membership.Service

	// Listener is bound already, so that no call is refused once the service is registered. Run closes it.
	Listener net.Listener
	Server   Server

	// InFlight says how many requests the service is serving, see [Node.ReportLoad]; nil for unknown. A [membership.Gauge]
	// counts them, with endpoint.CountHTTP or endpoint.Count around the handler.
	InFlight func() int64
}

// complete gives o with its address.
func (n *Node) complete(o Offer) (Offer, error) {
	missing := func(what string) error {
		return &membership.FieldError{Field: fmt.Sprintf("%s of service %q", what, o.Service.Name), Value: "nil",
			Remedy: "give a bound listener and the server for it"}
	}
	switch {
	case isNil(o.Listener):
		return o, missing("listener")
	case isNil(o.Server):
		return o, missing("server")
	}
	var err error
	if o.Service.Address == "" {
		o.Service.Address, err = n.reachableAt(o.Listener.Addr().String())
	}
	if err == nil {
		err = o.Service.Check()
	}
	if err == nil {
		err = n.checkReach(o.Service)
	}
	return o, err
}

// isNil reports whether there is nothing behind an interface, or a nil pointer.
func isNil(v any) bool {
	value := reflect.ValueOf(v)
	return !value.IsValid() || value.Kind() == reflect.Pointer && value.IsNil()
}

// reachableAt puts the node's IP in the place of a wildcard.
func (n *Node) reachableAt(bound string) (string, error) {
	address, err := netip.ParseAddrPort(bound)
	if err != nil || !address.Addr().Unmap().IsUnspecified() {
		return bound, nil // whatever it is, the check of the service judges it
	}
	ip := n.address.Addr()
	if address.Addr().Unmap().Is4() && !ip.Is4() {
		return "", &membership.FieldError{Field: "address of listener", Value: bound,
			Remedy: fmt.Sprintf("the node is reached under %v: listen there, or set the address of the service", ip)}
	}
	return netip.AddrPortFrom(ip, address.Port()).String(), nil
}

func closeListeners(offers []Offer) {
	for _, o := range offers {
		if !isNil(o.Listener) {
			o.Listener.Close()
		}
	}
}
