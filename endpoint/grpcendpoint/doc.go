// Package grpcendpoint connects gRPC clients to the instances of a service in a view, as package
// endpoint does for Go kit and net/http: with the same policies, without a resolver to run or a list
// to keep.
//
//	conn, err := grpcendpoint.New(node.View(), "pricing", balancer.LeastRequest(),
//		grpcendpoint.Dial(grpc.WithTransportCredentials(credentials)))
//	prices := pricing.NewPricesClient(conn)
//
// gRPC keeps the connections, one to each instance; an instance is called while its connection is
// ready. A new boot of a member is a new instance: gRPC connects to it at once, however often the
// boot before it refused. [Server] makes a server fit for cluster.Run.
//
// # Service config
//
// A default service config (grpc.WithDefaultServiceConfig, through [Dial]) works as ever: its retry
// policies, time-outs and limits hold, and so does its healthCheckConfig, by which an instance that
// says NOT_SERVING takes no calls. It must not name another load balancer: New returns an error then.
//
// # TLS
//
// A server's certificate is checked for the service's name by default, so that one certificate serves
// all instances. [ServerNameFromHost] checks it for the host of the instance's address instead, as
// package endpoint does over HTTPS.
//
// # Errors
//
// An RPC that finds no instance fails as Unavailable, and its message says which service and why:
// no member offers it, no instance matches the filter, this member is not connected to any other yet
// or is cut off, or the last error of connecting. One made with grpc.WaitForReady waits, and ends as
// DeadlineExceeded with the same message. docs/calls.md lists all other ways in which an RPC can end,
// and which of them are held against the instance; see [FailureIf].
//
// With [UnaryServerInterceptor] and [UnaryClientInterceptor], and those for streams, errors keep their
// kind on the way to the caller, as over HTTP with package endpoint: errors.Is(err,
// endpoint.ErrNotFound). They also pass on the ID of a request.
//
// The package is a module of its own, so that programs without gRPC do not require it.
package grpcendpoint
