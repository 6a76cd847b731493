package main

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"github.com/go-kit/kit/sd/etcdv3"
	"google.golang.org/grpc"
)

// etcdClient is Go kit's client with a connection of its own, whose bytes are counted, and which close really ends.
type etcdClient struct {
	etcdv3.Client
	passed   *atomic.Uint64 // bytes, both ways: nobody counts at the server
	open     *atomic.Int64
	conn     atomic.Pointer[grpc.ClientConn]
	cancel   context.CancelFunc
	watching sync.WaitGroup
}

func newEtcdClient(server string, passed *atomic.Uint64, open *atomic.Int64) (*etcdClient, error) {
	ctx, cancel := context.WithCancel(context.Background())
	c := &etcdClient{passed: passed, open: open, cancel: cancel}
	client, err := etcdv3.NewClient(ctx, []string{server}, etcdv3.ClientOptions{DialOptions: []grpc.DialOption{
		grpc.WithContextDialer(c.dial),
		grpc.WithChainUnaryInterceptor(c.keep),
	}})
	if err != nil {
		cancel()
		return nil, err
	}
	c.Client = client
	return c, nil
}

func (c *etcdClient) dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &meteredConn{countConn(conn, c.passed, c.open)}, nil
}

// keep notes the connection, which Go kit's client has no way to close.
func (c *etcdClient) keep(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	c.conn.Store(conn)
	return invoke(ctx, method, request, reply, conn, options...)
}

// WatchPrefix is Go kit's; close waits for it.
func (c *etcdClient) WatchPrefix(prefix string, changes chan struct{}) {
	c.watching.Add(1)
	defer c.watching.Done()
	c.Client.WatchPrefix(prefix, changes)
}

// close leaves what was registered to its lease.
func (c *etcdClient) close() {
	c.cancel()
	c.watching.Wait()
	c.Deregister(etcdv3.Service{Key: etcdPrefix}) // it fails, as cancelled, and ends what keeps the lease alive all the same
	if conn := c.conn.Load(); conn != nil {
		conn.Close()
	}
}

// meteredConn counts what it reads, too.
type meteredConn struct{ *countedConn }

func (c *meteredConn) Read(b []byte) (int, error) {
	n, err := c.countedConn.Read(b)
	c.out.Add(uint64(n))
	return n, err
}
