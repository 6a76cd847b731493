package grpcendpoint

import (
	"cmp"
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// testService answers as answer and converse say.
type testService struct {
	testpb.UnimplementedTestServiceServer
	answer   func(context.Context) error
	username string
	converse func(testpb.TestService_FullDuplexCallServer) error
}

func (s *testService) UnaryCall(ctx context.Context, _ *testpb.SimpleRequest) (*testpb.SimpleResponse, error) {
	if s.answer != nil {
		if err := s.answer(ctx); err != nil {
			return nil, err
		}
	}
	return &testpb.SimpleResponse{Username: cmp.Or(s.username, "somebody")}, nil
}

func (s *testService) FullDuplexCall(stream testpb.TestService_FullDuplexCallServer) error {
	return s.converse(stream)
}

// tested is a client of the one instance at a:80, which is suspected, so that signs of life are told.
type tested struct {
	*testing.T
	town    *town
	service *testService
	conn    *grpc.ClientConn
	client  testpb.TestServiceClient
	ctx     context.Context
}

func newTested(t *testing.T, options ...grpc.ServerOption) *tested {
	c := &tested{T: t, town: newTown(t), service: new(testService)}
	c.town.serving = append(options, grpc.MaxRecvMsgSize(1<<10), grpc.MaxSendMsgSize(1<<10))
	c.town.register = func(s *grpc.Server) { testpb.RegisterTestServiceServer(s, c.service) }
	c.town.join("a", membership.Service{})
	c.town.Apply(membership.Suspected{Name: "a", BootID: 1})
	c.conn = c.town.connect(t, balancer.RoundRobin())
	c.client = testpb.NewTestServiceClient(c.conn)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	c.ctx = ctx
	return c
}

// call makes a unary RPC.
func (c *tested) call(options ...grpc.CallOption) error {
	_, err := c.client.UnaryCall(c.ctx, &testpb.SimpleRequest{}, options...)
	return err
}

// answering calls a server whose handler is answer.
func (c *tested) answering(answer func(context.Context) error) error {
	c.service.answer = answer
	return c.call()
}

// within makes the deadline one second.
func (c *tested) within() *tested {
	ctx, cancel := context.WithTimeout(c.ctx, time.Second)
	c.Cleanup(cancel)
	c.ctx = ctx
	return c
}

// stream holds a conversation; the first error that is not nil ends it.
func (c *tested) stream(served func(testpb.TestService_FullDuplexCallServer) error,
	steps ...func(testpb.TestService_FullDuplexCallClient) error) error {
	c.service.converse = served
	stream, err := c.client.FullDuplexCall(c.ctx)
	if err != nil {
		return err
	}
	for _, step := range steps {
		if err := step(stream); err != nil {
			return err
		}
	}
	return nil
}

// raw calls a server that answers with frames.
func (c *tested) raw(answer func(stream uint32) []byte) error {
	c.town.kill("a")
	settle()
	captured.take()
	c.town.reported()
	c.town.rawly(c.T, "a:80", answer)
	return c.call(grpc.WaitForReady(true))
}

func receive(stream testpb.TestService_FullDuplexCallClient) error {
	_, err := stream.Recv()
	return err
}

func send(text string) func(testpb.TestService_FullDuplexCallClient) error {
	return func(stream testpb.TestService_FullDuplexCallClient) error {
		return stream.Send(&testpb.StreamingOutputCallRequest{Payload: &testpb.Payload{Body: []byte(text)}})
	}
}

func sendUnencodable(stream testpb.TestService_FullDuplexCallClient) error {
	return stream.SendMsg("not of protobuf")
}

func greets(stream testpb.TestService_FullDuplexCallServer) error {
	stream.Send(&testpb.StreamingOutputCallResponse{})
	<-stream.Context().Done()
	return stream.Context().Err()
}

func says(code codes.Code) func(context.Context) error {
	return func(context.Context) error { return status.Error(code, "on purpose") }
}

// hangs ignores its context, as a process that stands still does.
func hangs(context.Context) error { time.Sleep(time.Minute); return nil }

func neverConnects(ctx context.Context, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

type noCredentials struct{ credentials.PerRPCCredentials }

func (noCredentials) RequireTransportSecurity() bool { return false }
func (noCredentials) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return nil, errors.New("the token has expired")
}

// garbler writes what no server can decode.
type garbler struct{ encoding.CodecV2 }

func (garbler) Marshal(any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer("\xff\xff")}, nil
}

const (
	fine  = membership.Fine
	lost  = membership.Reset
	late  = membership.TimedOut
	quiet = membership.Evidence("")
)
