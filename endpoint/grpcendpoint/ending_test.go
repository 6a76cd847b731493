package grpcendpoint

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

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
