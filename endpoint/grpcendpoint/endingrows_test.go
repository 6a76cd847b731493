package grpcendpoint

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// callEndings are the ways in which an RPC that was given to an instance can end: at least one case for each row of
// docs/calls.md.
var callEndings = []struct {
	row, how string
	run      func(*tested) error
	code     codes.Code
	outcome  balancer.Outcome
	evidence membership.Evidence
}{
	{
		"the instance answers",
		"a unary call",
		func(c *tested) error { return c.call() },
		codes.OK,
		balancer.Success,
		fine,
	},
	{"the instance answers", "a stream", func(c *tested) error {
		c.stream(func(testpb.TestService_FullDuplexCallServer) error { return nil }, receive)
		return nil
	}, codes.OK, balancer.Success, fine},

	{"it is not sent", "credentials that fail", func(c *tested) error {
		return c.call(grpc.PerRPCCredentials(noCredentials{}))
	}, codes.Internal, nobody, quiet},

	{"the caller cancels, or closes its connection", "a unary call", func(c *tested) error {
		ctx, cancel := context.WithCancel(c.ctx)
		c.ctx = ctx
		time.AfterFunc(time.Second, cancel)
		return c.answering(hangs)
	}, codes.Canceled, nobody, quiet},
	{"the caller cancels, or closes its connection", "a stream that is answered", func(c *tested) error {
		ctx, cancel := context.WithCancel(c.ctx)
		c.ctx = ctx
		time.AfterFunc(time.Second, cancel)
		return c.stream(greets, receive, receive)
	}, codes.Canceled, nobody, fine},

	{"the caller cancels, or closes its connection", "it closes", func(c *tested) error {
		time.AfterFunc(time.Second, func() { c.conn.Close() })
		return c.answering(hangs)
	}, codes.Canceled, nobody, quiet},

	{"a stream ends with its deadline", "after messages", func(c *tested) error {
		return c.within().stream(greets, receive, receive)
	}, codes.DeadlineExceeded, nobody, fine},
	{"a stream ends with its deadline", "without a message", func(c *tested) error {
		return c.within().stream(func(s testpb.TestService_FullDuplexCallServer) error { return hangs(s.Context()) },
			receive)
	}, codes.DeadlineExceeded, nobody, quiet},

	{"the deadline leaves the instance no time", "", func(c *tested) error {
		ctx, cancel := context.WithTimeout(c.ctx, leastTime/10)
		c.Cleanup(cancel)
		c.ctx = ctx
		return c.answering(hangs)
	}, codes.DeadlineExceeded, nobody, quiet},
	{"no answer before the deadline", "", func(c *tested) error { return c.within().answering(hangs) },
		codes.DeadlineExceeded, balancer.Failure, late},
	{"the deadline ends a call that is being answered", "its headers came", func(c *tested) error {
		return c.within().answering(func(ctx context.Context) error {
			grpc.SendHeader(ctx, metadata.Pairs("a", "b"))
			return hangs(ctx)
		})
	}, codes.DeadlineExceeded, balancer.Failure, fine},
	{"the deadline ends a call that is being answered", "by the server", func(c *tested) error {
		return c.answering(says(codes.DeadlineExceeded))
	}, codes.DeadlineExceeded, balancer.Failure, fine},

	{"the server drains", "", func(c *tested) error {
		return c.raw(func(uint32) []byte { return goAway(0) })
	}, codes.Unavailable, nobody, quiet},
	{"the server refuses the stream", "too many", func(c *tested) error {
		return c.raw(func(stream uint32) []byte { return reset(stream, refusedStream) })
	}, codes.Unavailable, balancer.Failure, quiet},
	{"the server refuses the stream", "its own error", func(c *tested) error {
		return c.raw(func(stream uint32) []byte { return reset(stream, internalError) })
	}, codes.Internal, balancer.Failure, quiet},

	{"the connection breaks", "before an answer", func(c *tested) error {
		return c.raw(func(uint32) []byte { return nil })
	}, codes.Unavailable, balancer.Failure, lost},
	{"the connection breaks", "during an answer", func(c *tested) error {
		time.AfterFunc(time.Second, func() { c.town.kill("a") })
		return c.stream(greets, receive, receive)
	}, codes.Unavailable, balancer.Failure, lost},

	{"a message cannot be sent", "it cannot be encoded", func(c *tested) error {
		return c.conn.Invoke(c.ctx, testpb.TestService_UnaryCall_FullMethodName, "not of protobuf",
			new(testpb.SimpleResponse))
	}, codes.Internal, nobody, quiet},
	{"a message cannot be sent", "larger than the caller may send", func(c *tested) error {
		_, err := c.client.UnaryCall(c.ctx, &testpb.SimpleRequest{FillUsername: true}, grpc.MaxCallSendMsgSize(1))
		return err
	}, codes.ResourceExhausted, nobody, quiet},
	{"a message cannot be sent", "on a stream that is answered", func(c *tested) error {
		return c.stream(greets, receive, sendUnencodable)
	}, codes.Internal, nobody, fine},

	{"a message is larger than a limit", "of the caller, the answer", func(c *tested) error {
		return c.call(grpc.MaxCallRecvMsgSize(1))
	}, codes.ResourceExhausted, balancer.Success, fine},
	{"a message is larger than a limit", "of the server, the request", func(c *tested) error {
		_, err := c.client.UnaryCall(c.ctx, &testpb.SimpleRequest{Payload: &testpb.Payload{Body: make([]byte, 1<<11)}})
		return err
	}, codes.ResourceExhausted, balancer.Success, fine},
	{"a message is larger than a limit", "of the server, on a stream", func(c *tested) error {
		return c.stream(func(s testpb.TestService_FullDuplexCallServer) error { _, err := s.Recv(); return err },
			send(strings.Repeat("x", 1<<11)), receive)
	}, codes.ResourceExhausted, balancer.Success, fine},
	{"a message is larger than a limit", "of the server, the answer", func(c *tested) error {
		c.service.username = strings.Repeat("x", 1<<11)
		return c.call()
	}, codes.ResourceExhausted, balancer.Success, fine},
	{"a message cannot be decoded", "the request, by the server", func(c *tested) error {
		return c.call(grpc.ForceCodecV2(garbler{encoding.GetCodecV2(proto.Name)}))
	}, codes.Internal, balancer.Success, fine},
	{"a message cannot be decoded", "the answer, as the caller asks for another type", func(c *tested) error {
		return c.conn.Invoke(c.ctx, testpb.TestService_UnaryCall_FullMethodName, new(testpb.SimpleRequest),
			"not of protobuf")
	}, codes.Internal, balancer.Success, fine},
	{
		"a status that counts as a failure",
		"Unavailable",
		func(c *tested) error { return c.answering(says(codes.Unavailable)) },
		codes.Unavailable,
		balancer.Failure,
		fine,
	},
	{"a status that counts as a failure", "Unknown", func(c *tested) error { return c.answering(says(codes.Unknown)) },
		codes.Unknown, balancer.Failure, fine},
	{
		"a status that counts as a failure",
		"Internal",
		func(c *tested) error { return c.answering(says(codes.Internal)) },
		codes.Internal,
		balancer.Failure,
		fine,
	},
	{
		"a status that counts as a failure",
		"ResourceExhausted",
		func(c *tested) error { return c.answering(says(codes.ResourceExhausted)) },
		codes.ResourceExhausted,
		balancer.Failure,
		fine,
	},
	{
		"a status that counts as a failure",
		"DataLoss",
		func(c *tested) error { return c.answering(says(codes.DataLoss)) },
		codes.DataLoss,
		balancer.Failure,
		fine,
	},
	{"a status that counts as a failure", "Unimplemented", func(c *tested) error {
		return c.conn.Invoke(c.ctx, "/no/method", new(testpb.SimpleRequest), new(testpb.SimpleResponse))
	}, codes.Unimplemented, balancer.Failure, fine},
	{"a status that counts as a failure", "the server's own lost connection", func(c *tested) error {
		return c.answering(
			func(context.Context) error { return status.Error(codes.Unavailable, "error reading from server: EOF") })
	}, codes.Unavailable, balancer.Failure, fine},
	{"a status that counts as a failure", "the server cannot encode", func(c *tested) error {
		return c.answering(
			func(context.Context) error { return status.Error(codes.Internal, "grpc: error while marshaling: x") })
	}, codes.Internal, balancer.Failure, fine},

	{"another status", "NotFound", func(c *tested) error { return c.answering(says(codes.NotFound)) },
		codes.NotFound, balancer.Success, fine},
	{"another status", "InvalidArgument", func(c *tested) error { return c.answering(says(codes.InvalidArgument)) },
		codes.InvalidArgument, balancer.Success, fine},
	{"another status", "Unauthenticated", func(c *tested) error { return c.answering(says(codes.Unauthenticated)) },
		codes.Unauthenticated, balancer.Success, fine},
}
