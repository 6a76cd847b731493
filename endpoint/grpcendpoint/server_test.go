package grpcendpoint

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/grapevine-go/grapevine/cluster"
)

var _ cluster.Server = (*GracefulServer)(nil)

// served is a server at work, and one RPC to it whose handler takes as long as told.
type served struct {
	server *GracefulServer
	ended  chan error // what Serve returns
	call   chan error // what the RPC returns
}

func serve(t *testing.T, handler func(context.Context) error, options ...grpc.ServerOption) *served {
	inner := grpc.NewServer(options...)
	testpb.RegisterTestServiceServer(inner, &testService{answer: handler})
	s := &served{Server(inner), make(chan error, 1), make(chan error, 1)}
	listener := bufconn.Listen(1 << 16)
	go func() { s.ended <- s.server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		_, err := testpb.NewTestServiceClient(conn).UnaryCall(t.Context(), &testpb.SimpleRequest{})
		s.call <- err
	}()
	return s
}

func takes(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestShutdownWaitsForCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, takes(5*time.Second))
		settle()
		if err := s.server.Shutdown(within(t, time.Minute)); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-s.call; err != nil {
			t.Errorf("the RPC in flight: %v", err)
		}
		if err := <-s.ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if err := errors.Join(s.server.Shutdown(within(t, time.Minute)), s.server.Close()); err != nil {
			t.Errorf("once more: %v", err)
		}
	})
}

// When its context is over, Shutdown cuts off the calls; so does Close, which needs none.
func TestShutdownIsBounded(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *served) error{
		"Shutdown": func(t *testing.T, s *served) error { return s.server.Shutdown(within(t, time.Second)) },
		"Close":    func(t *testing.T, s *served) error { return errors.Join(s.server.Close(), context.DeadlineExceeded) },
		"Close while it shuts down": func(t *testing.T, s *served) error {
			time.AfterFunc(time.Second, func() { s.server.Close() })
			return errors.Join(s.server.Shutdown(context.Background()), context.DeadlineExceeded)
		},
	} {
		for _, options := range [][]grpc.ServerOption{nil, {grpc.WaitForHandlers(true)}} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := serve(t, takes(time.Hour), options...)
					settle()
					began := time.Now()
					if err := end(t, s); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("it returns %v", err)
					}
					if err := <-s.call; status.Code(err) != codes.Unavailable && status.Code(err) != codes.Canceled {
						t.Errorf("the RPC in flight: %v", err)
					}
					if err := <-s.ended; err != nil {
						t.Errorf("Serve: %v", err)
					}
					if took := time.Since(began); took > 3*time.Second {
						t.Errorf("it took %v", took)
					}
				})
			})
		}
	}
}

// A handler that ignores its context holds up neither Shutdown nor Close. Time is real: gRPC waits for
// it with a lock held, which stops virtual time.
func TestHandlersThatIgnoreTheEnd(t *testing.T) {
	began, release := make(chan struct{}), make(chan struct{})
	s := serve(t, func(context.Context) error { close(began); <-release; return nil }, grpc.WaitForHandlers(true))
	<-began
	if err := s.server.Shutdown(within(t, time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	close(release)
	if err := <-s.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestShutdownBeforeServe(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *GracefulServer) error{
		"Shutdown": func(t *testing.T, s *GracefulServer) error { return s.Shutdown(within(t, time.Minute)) },
		"Close":    func(_ *testing.T, s *GracefulServer) error { return s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := Server(grpc.NewServer())
				if err := end(t, s); err != nil {
					t.Error(err)
				}
				listener := bufconn.Listen(1)
				if err := s.Serve(listener); err != nil {
					t.Errorf("Serve: %v", err)
				}
				if _, err := listener.Accept(); err == nil {
					t.Error("the listener is open")
				}
			})
		})
	}
}

func TestServerIsNil(t *testing.T) {
	s := Server(nil)
	if err := s.Serve(nil); !errors.Is(err, errNoServer) {
		t.Errorf("Serve: %v", err)
	}
	if err := errors.Join(s.Shutdown(t.Context()), s.Close()); err != nil {
		t.Error(err)
	}
}
