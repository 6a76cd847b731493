package endpoint

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-kit/log"

	"github.com/grapevine-go/grapevine/membership"
)

// registry remembers what it is told, and fails while err is set.
type registry struct {
	err   error
	calls []string
}

func (r *registry) Register(s membership.Service) (membership.Registration, error) {
	r.calls = append(r.calls, "register "+s.Name+" at "+s.Address)
	if r.err != nil {
		return nil, r.err
	}
	return registration{r}, nil
}

type registration struct{ *registry }

func (r registration) Update(membership.Service) error { return nil }

func (r registration) Deregister() error {
	r.calls = append(r.calls, "deregister")
	return r.err
}

const on, off = "register users at me:80", "deregister"

func TestRegistrar(t *testing.T) {
	type step = func(*Registrar, *registry)
	register, deregister := func(r *Registrar, _ *registry) { r.Register() }, func(r *Registrar, _ *registry) { r.Deregister() }
	failing, healthy := func(_ *Registrar, r *registry) { r.err = errBroken }, func(_ *Registrar, r *registry) { r.err = nil }
	const ok, okOff = "action=register", "action=deregister"
	const bad, badOff = "action=register err=broken", "action=deregister err=broken"
	for name, tt := range map[string]struct {
		steps []step
		calls []string
		log   []string
	}{
		"on and off":         {[]step{register, deregister}, []string{on, off}, []string{ok, okOff}},
		"on twice":           {[]step{register, register}, []string{on}, []string{ok}},
		"off twice":          {[]step{register, deregister, deregister}, []string{on, off}, []string{ok, okOff}},
		"off before on":      {[]step{deregister}, nil, nil},
		"on again":           {[]step{register, deregister, register}, []string{on, off, on}, []string{ok, okOff, ok}},
		"fails, tried again": {[]step{failing, register, healthy, register}, []string{on, on}, []string{bad, ok}},
		"fails, off":         {[]step{failing, register, deregister}, []string{on}, []string{bad}},
		"off fails, again":   {[]step{register, failing, deregister, healthy, deregister}, []string{on, off, off}, []string{ok, badOff, okOff}},
	} {
		t.Run(name, func(t *testing.T) {
			var written strings.Builder
			node := new(registry)
			r := NewRegistrar(node, membership.Service{Name: "users", Address: "me:80"}, log.NewLogfmtLogger(&written))
			for _, step := range tt.steps {
				step(r, node)
			}
			if !slices.Equal(node.calls, tt.calls) {
				t.Errorf("the node saw %q, want %q", node.calls, tt.calls)
			}
			want := ""
			for _, line := range tt.log {
				want += fmt.Sprintln("service=users address=me:80", line)
			}
			if written.String() != want {
				t.Errorf("the log says\n%swant\n%s", written.String(), want)
			}
		})
	}
}

func TestRegistrarIsUsedByManyAtOnce(t *testing.T) {
	node := new(registry)
	r := NewRegistrar(node, membership.Service{Name: "users", Address: "me:80"}, log.NewNopLogger())
	for range 10 {
		var work sync.WaitGroup
		for range 8 {
			work.Go(r.Register)
		}
		work.Wait()
		for range 8 {
			work.Go(r.Deregister)
		}
		work.Wait()
	}
	if len(node.calls) != 20 {
		t.Errorf("the node saw %d calls, want 10 pairs", len(node.calls))
	}
}
