package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/grapevine-go/grapevine/membership"
)

const (
	rpcService = "rpc" // as workService, by gRPC
	workHeader = "X-Work"
	workMethod = "/bench.Live/Work"
	mostWorked = time.Minute // of a request
)

// workers serve requests in the order in which they come. How long they are at work is not measured but decided here, so that sleeping for longer
// than was asked for makes an answer later, but a server no busier.
type workers struct {
	mu    sync.Mutex
	free  [liveWorkers]time.Time
	gauge membership.Gauge
}

// serve waits until a request that takes so much work is done.
func (w *workers) serve(work time.Duration) {
	w.gauge.Begin()
	defer w.gauge.Done()
	time.Sleep(time.Until(w.begin(time.Now(), min(max(work, 0), mostWorked))))
}

// begin gives a request to the worker who is free first, and says when it will be done.
func (w *workers) begin(now time.Time, work time.Duration) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	first := 0
	for i, free := range w.free {
		if free.Before(w.free[first]) {
			first = i
		}
	}
	w.free[first] = later(now, w.free[first]).Add(work)
	return w.free[first]
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (w *workers) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	work, _ := strconv.ParseInt(r.Header.Get(workHeader), 10, 64) // 0 if it cannot be read
	w.serve(time.Duration(work))
}

// method is the one of gRPC.
func (w *workers) method() *grpc.ServiceDesc {
	handle := func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		work := new(wrapperspb.Int64Value)
		if err := decode(work); err != nil {
			return nil, err
		}
		w.serve(time.Duration(work.GetValue()))
		return new(emptypb.Empty), nil
	}
	return &grpc.ServiceDesc{ServiceName: "bench.Live", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{MethodName: "Work", Handler: handle}}}
}

// beLiveServer is a member that serves both ways until ctx is done.
func beLiveServer(ctx context.Context, s childSpec) error {
	m, err := s.start()
	if err != nil {
		return err
	}
	defer m.close()
	w, node := new(workers), m.(*grapevineMember).node
	plain, rpc := &http.Server{Handler: w}, grpc.NewServer()
	rpc.RegisterService(w.method(), w)
	defer plain.Close()
	defer rpc.Stop()
	for service, serve := range map[string]func(net.Listener) error{workService: plain.Serve, rpcService: rpc.Serve} {
		listener, err := net.Listen("tcp", loopback.String())
		if err != nil {
			return err
		}
		go serve(listener) // ends when its server is closed
		_, err = node.Register(membership.Service{Name: service, Address: listener.Addr().String()})
		if err = errors.Join(err, node.ReportLoad(service, w.gauge.InFlight)); err != nil {
			return err
		}
	}
	if err := tell(hello{m.address()}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}
