package endpoint

import (
	"context"
	"io"
	"testing"
	"testing/synctest"

	"github.com/grapevine-go/grapevine/membership"
)

type closeFunc func() error

func (f closeFunc) Close() error { return f() }

// A closer that takes its time, or panics, keeps nobody from following the view.
func TestSlowCloserHoldsUpNobody(t *testing.T) {
	for name, closer := range map[string]func(blocked chan struct{}) closeFunc{
		"blocks": func(blocked chan struct{}) closeFunc { return func() error { <-blocked; return nil } },
		"panics": func(chan struct{}) closeFunc { return func() error { panic("closer") } },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				blocked := make(chan struct{})
				store := membership.NewStore("me")
				offer := func(version uint64, address string) {
					store.Apply(membership.Heard{Record: membership.Record{Name: "me", Version: version,
						Services: []membership.Service{{Name: "users", Address: address}}}})
					synctest.Wait()
				}
				offer(1, "a:80")
				endpointer := NewEndpointer(store.View(), "users", func(string) (Endpoint, io.Closer, error) {
					return func(context.Context, any) (any, error) { return nil, nil }, closer(blocked), nil
				})
				synctest.Wait()
				offer(2, "b:80") // a is closed
				offer(3, "c:80") // while that goes on
				if ready := endpointer.ready.Load(); len(ready.clients) != 1 || ready.clients[0].address != "c:80" {
					t.Errorf("%d endpoints, want that of c:80 alone", len(ready.clients))
				}
				close(blocked)
				endpointer.Close()
			})
		})
	}
}
