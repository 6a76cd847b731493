package main

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

const (
	workService   = "work"
	leastWork     = time.Millisecond // of a request
	mostWork      = 3 * time.Millisecond
	shutdownLimit = 10 * time.Second
)

// worker is a member of a system that takes requests, and sends some.
type worker interface {
	member
	offer(address string) error // tells the others where requests are taken
	retire(ctx context.Context, server *http.Server) error
	caller(client *http.Client, attempts int) caller
}

// beServer takes requests until ctx is done.
func beServer(ctx context.Context, s childSpec) error {
	listener, err := net.Listen("tcp", loopback.String())
	if err != nil {
		return err
	}
	m, err := s.start()
	if err != nil {
		return err
	}
	defer m.close()
	server := &http.Server{Handler: http.HandlerFunc(work)}
	go server.Serve(listener) // ends with an error when it is shut down
	if err := m.(worker).offer(listener.Addr().String()); err != nil {
		return err
	}
	if err := tell(hello{m.address()}); err != nil {
		return err
	}
	<-ctx.Done()
	limited, cancel := context.WithTimeout(context.Background(), shutdownLimit)
	defer cancel()
	return m.(worker).retire(limited, server)
}

// work is a request that is not to be done twice.
func work(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	time.Sleep(leastWork + rand.N(mostWork-leastWork))
	w.Write(body)
}

func (m *grapevineMember) offer(address string) error {
	_, err := m.node.Register(membership.Service{Name: workService, Address: address})
	return err
}

// retire ends a server as docs/benchmarks.md says.
func (m *grapevineMember) retire(ctx context.Context, server *http.Server) error {
	return errors.Join(m.node.Drain(ctx), server.Shutdown(ctx), m.leave())
}

// offer has the address for its metadata.
func (m *plainMember) offer(address string) error {
	m.label.set(address)
	return m.list.UpdateNode(patience)
}

// retire is usual practice.
func (m *plainMember) retire(ctx context.Context, server *http.Server) error {
	return errors.Join(server.Shutdown(ctx), m.leave())
}
