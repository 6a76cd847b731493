package grpcendpoint

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
)

// closePatience is how long Close waits for a server that waits for its handlers.
const closePatience = time.Second

var errNoServer = errors.New("grpcendpoint: the server is nil: pass one of grpc.NewServer")

// Server makes a server of gRPC fit for cluster.Offer, and so for cluster.Run. The caller registers
// services before, and leaves ending it to the result.
func Server(server *grpc.Server) *GracefulServer {
	return &GracefulServer{server: server, ended: make(chan struct{})}
}

// GracefulServer is a server of gRPC with the methods that an [net/http.Server] has. Its methods may
// be called concurrently, more than once and in any order. Make one with [Server].
type GracefulServer struct {
	server *grpc.Server
	begin  sync.Once
	ended  chan struct{} // closed when the graceful end is done
}

// Serve accepts connections from listener until Shutdown or Close. It returns nil after these, also
// if they came first; the listener is closed then.
func (s *GracefulServer) Serve(listener net.Listener) error {
	if s.server == nil {
		return errNoServer
	}
	err := s.server.Serve(listener)
	if errors.Is(err, grpc.ErrServerStopped) {
		return nil
	}
	return err
}

// Shutdown takes no new RPCs and waits for those in flight. Once ctx is done it cuts them off, as
// Close does, and returns the error of ctx. A handler that ignores its own context may go on then.
func (s *GracefulServer) Shutdown(ctx context.Context) error {
	if s.server == nil {
		return nil
	}
	s.begin.Do(func() {
		go func() {
			s.server.GracefulStop() // ends once Close has cut off the RPCs
			close(s.ended)
		}()
	})
	select {
	case <-s.ended:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-s.ended: // just in time
		return nil
	default:
		_ = s.Close() // never fails
		return context.Cause(ctx)
	}
}

// Close cuts off the RPCs in flight and cancels their contexts. It always returns nil, after a
// second even if the server still waits for its handlers (grpc.WaitForHandlers).
func (s *GracefulServer) Close() error {
	if s.server == nil {
		return nil
	}
	stopped := make(chan struct{})
	go func() {
		s.server.Stop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-time.After(closePatience):
	}
	return nil
}
