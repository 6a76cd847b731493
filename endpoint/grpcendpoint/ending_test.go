package grpcendpoint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
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

// callEndings are all ways in which an RPC that was given to an instance can end, by the rows of docs/calls.md: one case
// at least for each.
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
	}, codes.Unimplemented, balancer.Failure, fine}, {"a status that counts as a failure", "the server's own lost connection", func(c *tested) error {
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

func TestCallEndings(t *testing.T) {
	for _, tt := range callEndings {
		t.Run(tt.row+"/"+tt.how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newTested(t)
				if err := c.call(grpc.WaitForReady(true)); err != nil {
					t.Fatal(err)
				}
				captured.take()
				c.town.reported()
				if err := tt.run(c); tt.code != codes.OK && status.Code(err) != tt.code {
					t.Errorf("the RPC returns %v, want code %v", err, tt.code)
				}
				settle()
				all := captured.take()
				all = slices.DeleteFunc(all,
					func(e rpcEnd) bool { return !e.sent && e.code == codes.OK }) // picked again
				if len(all) == 0 {
					t.Fatal("no instance got it")
				}
				for _, e := range all {
					if how := e.sort(); how.name != tt.row || how.outcome != tt.outcome ||
						how.evidenceOf(e) != tt.evidence {
						t.Errorf("%+v is %q, outcome %v, evidence %q; want %q, %v, %q",
							e, how.name, how.outcome, how.evidenceOf(e), tt.row, tt.outcome, tt.evidence)
					}
				}
				want := "a:80 " + string(tt.evidence)
				if got := c.town.reported(); tt.evidence == quiet && len(got) > 0 ||
					tt.evidence != quiet && !slices.Contains(got, want) {
					t.Errorf("the node is told %q, want %q", got, tt.evidence)
				}
			})
		})
	}
}

// Each row has a case, and there is no case without a row.
func TestCallEndingsAreTheRows(t *testing.T) {
	var rows []string
	for _, tt := range callEndings {
		if !slices.Contains(rows, tt.row) {
			rows = append(rows, tt.row)
		}
	}
	var want []string
	for _, how := range endings {
		want = append(want, how.name)
	}
	if !slices.Equal(rows, want) {
		t.Errorf("cases for the rows\n%q\nwant\n%q", rows, want)
	}
}

// TestCallEndingsAreDocumented compares the table of docs/calls.md with the rows.
func TestCallEndingsAreDocumented(t *testing.T) {
	document, err := os.ReadFile("../../docs/calls.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(document), "| how an RPC ends |")
	if !found {
		t.Fatal("docs/calls.md has no table of how an RPC ends")
	}
	outcomes := map[balancer.Outcome]string{balancer.Success: "success", balancer.Failure: "failure", nobody: "nobody"}
	var rows, want [][2]string
	for _, line := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if len(cells) != 6 {
			break
		}
		rows = append(rows, [2]string{cells[0], cells[4]})
	}
	for _, how := range endings {
		want = append(want, [2]string{how.name, outcomes[how.outcome]})
	}
	if !slices.Equal(rows, want) {
		t.Errorf("docs/calls.md has\n%q\nwant\n%q", rows, want)
	}
}

// No instance is given an RPC that is wrong from the beginning.
func TestCallsThatDoNotBegin(t *testing.T) {
	for name, run := range map[string]func(*tested) error{
		"its context is over": func(c *tested) error {
			ctx, cancel := context.WithCancel(c.ctx)
			cancel()
			c.ctx = ctx
			return c.call()
		},
		"its deadline is over": func(c *tested) error {
			c.within()
			time.Sleep(2 * time.Second)
			return c.call()
		},
		"metadata that cannot be sent": func(c *tested) error {
			c.ctx = metadata.AppendToOutgoingContext(c.ctx, "no spaces here", "x")
			return c.call()
		},
		"cancelled while it waits for the first connection": func(c *tested) error {
			c.conn = c.town.connect(c.T, balancer.RoundRobin(), Dial(grpc.WithContextDialer(neverConnects)))
			c.client = testpb.NewTestServiceClient(c.conn)
			ctx, cancel := context.WithCancel(c.ctx)
			c.ctx = ctx
			time.AfterFunc(time.Second, cancel)
			if err := c.call(); status.Code(err) != codes.Canceled {
				c.Errorf("the error is %v", err)
			}
			return context.Canceled
		},
		"no such compressor": func(c *tested) error { return c.call(grpc.UseCompressor("none")) },
		"no such codec":      func(c *tested) error { return c.call(grpc.CallContentSubtype("none")) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newTested(t)
				if err := c.call(grpc.WaitForReady(true)); err != nil {
					t.Fatal(err)
				}
				captured.take()
				c.town.reported()
				if err := run(c); err == nil {
					t.Error("it was answered")
				}
				if all, told := captured.take(), c.town.reported(); len(all) > 0 || len(told) > 0 {
					t.Errorf("an instance got it: %v, and the node was told %q", all, told)
				}
			})
		})
	}
}

func TestFailureIf(t *testing.T) {
	onlyNotFound := func(err error) bool { return status.Code(err) == codes.NotFound }
	for _, tt := range []struct {
		failed func(error) bool
		code   codes.Code
		want   balancer.Outcome
	}{
		{nil, codes.Internal, balancer.Failure}, {nil, codes.NotFound, balancer.Success},
		{onlyNotFound, codes.Internal, balancer.Success}, {onlyNotFound, codes.NotFound, balancer.Failure},
	} {
		t.Run(fmt.Sprint(tt.failed != nil, tt.code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town := newTown(t, "a", "b", "c")
				town.answer = func(_ context.Context, address string) error {
					if address == "a:80" {
						return status.Error(tt.code, "on purpose")
					}
					return nil
				}
				client := town.client(t, balancer.RoundRobin(), With(balancer.Eject(3)), FailureIf(tt.failed))
				call(t, client)
				settle()
				failed := 0
				for range 60 {
					if call(t, client) != nil {
						failed++
					}
				}
				if ejected := failed < 10; ejected != (tt.want == balancer.Failure) {
					t.Errorf("%d of 60 calls failed as %v, want outcome %v", failed, tt.code, tt.want)
				}
			})
		})
	}
}

// Twenty of the caller's own faults cost no instance a call.
func TestFault62_CallersOwnFaults(t *testing.T) {
	for name, fault := range map[string]func(*tested) error{
		"a message that cannot be encoded": func(c *tested) error {
			return c.conn.Invoke(c.ctx, testpb.TestService_UnaryCall_FullMethodName, 1, new(testpb.SimpleResponse))
		},
		"a message too large": func(c *tested) error {
			_, err := c.client.UnaryCall(c.ctx, &testpb.SimpleRequest{FillUsername: true}, grpc.MaxCallSendMsgSize(1))
			return err
		},
		"a request the server takes for too large": func(c *tested) error {
			_, err := c.client.UnaryCall(c.ctx, &testpb.SimpleRequest{Payload: &testpb.Payload{Body: make([]byte, 1<<11)}})
			return err
		},
		"a stream that ends with its deadline": func(c *tested) error {
			ctx, cancel := context.WithTimeout(c.ctx, 10*time.Millisecond)
			defer cancel()
			stream, err := c.client.FullDuplexCall(ctx)
			if err != nil {
				return err
			}
			return receive(stream)
		},
		"credentials that fail": func(c *tested) error { return c.call(grpc.PerRPCCredentials(noCredentials{})) },
		"its context is over": func(c *tested) error {
			ctx, cancel := context.WithCancel(c.ctx)
			cancel()
			_, err := c.client.UnaryCall(ctx, new(testpb.SimpleRequest))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newTested(t)
				c.service.converse = func(s testpb.TestService_FullDuplexCallServer) error { <-s.Context().Done(); return nil }
				c.town.Apply(membership.Up{Name: "a", BootID: 1})
				for _, name := range []string{"b", "c", "d"} {
					c.town.join(name, membership.Service{})
				}
				c.call(grpc.WaitForReady(true))
				settle()
				c.town.reported()
				for range 20 {
					if fault(c) == nil {
						t.Fatal("it was answered")
					}
				}
				if told := c.town.reported(); len(told) > 0 {
					t.Errorf("the node is told %q of healthy instances", told)
				}
				c.town.clear()
				for range 40 {
					if err := c.call(); err != nil {
						t.Fatal(err)
					}
				}
				if got := fmt.Sprint(c.town.counts()); got != "map[a:80:10 b:80:10 c:80:10 d:80:10]" {
					t.Errorf("40 good calls went to %s", got)
				}
			})
		})
	}
}
