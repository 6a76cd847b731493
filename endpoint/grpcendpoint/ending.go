package grpcendpoint

import (
	"slices"
	"strings"
	"time"

	grpcbalancer "google.golang.org/grpc/balancer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

// ending is one of the ways in which an RPC, or one attempt at it, can end. An instance is blamed
// only where it had a part in the failure. docs/calls.md has the same table, by the same names.
type ending struct {
	name     string
	is       func(rpcEnd) bool // asked in order: the first that says true counts
	outcome  balancer.Outcome
	evidence membership.Evidence
}

// leastTime is how long an instance must have had an RPC before it is blamed for a deadline.
const leastTime = time.Millisecond

// nobody is the outcome of an RPC that is no evidence for or against the instance.
const nobody = balancer.Canceled

var endings = []ending{
	{"the instance answers", func(e rpcEnd) bool { return e.code == codes.OK && e.sent }, balancer.Success, ""},
	{"it is not sent", func(e rpcEnd) bool { return !e.sent }, nobody, ""},
	{"the caller cancels, or closes its connection", func(e rpcEnd) bool { return e.code == codes.Canceled },
		nobody, ""},
	{"a stream ends with its deadline", func(e rpcEnd) bool { return e.late() && e.stream }, nobody, ""},
	{"the deadline leaves the instance no time", func(e rpcEnd) bool {
		return e.late() && !e.received && e.took < leastTime
	}, nobody, ""},
	{"no answer before the deadline", func(e rpcEnd) bool { return e.late() && !e.received },
		balancer.Failure, membership.TimedOut},
	{"the deadline ends a call that is being answered", rpcEnd.late, balancer.Failure, ""},
	{"the server drains", func(e rpcEnd) bool { return !e.received && e.has(serverDrains) }, nobody, ""},
	{"the server refuses the stream", func(e rpcEnd) bool { return !e.received && e.has(streamReset) },
		balancer.Failure, ""},
	{"the connection breaks", func(e rpcEnd) bool {
		return e.code == codes.Unavailable && (!e.received || e.own(connectionLost))
	}, balancer.Failure, membership.Reset},
	{"a message cannot be sent", func(e rpcEnd) bool { return !e.received || e.own(cannotSend) }, nobody, ""},
	{"a message is larger than a limit", func(e rpcEnd) bool { return e.has(tooLarge) }, balancer.Success, ""},
	{"a message cannot be decoded", func(e rpcEnd) bool { return e.has(cannotDecode) }, balancer.Success, ""},
	{"a status that counts as a failure", func(e rpcEnd) bool { return e.failed(e.err) }, balancer.Failure, ""},
	{"another status", func(rpcEnd) bool { return true }, balancer.Success, ""},
}

// evidenceOf returns the evidence for the node: an instance that has sent anything is alive.
func (how ending) evidenceOf(e rpcEnd) membership.Evidence {
	if how.evidence == "" && e.received {
		return membership.Fine
	}
	return how.evidence
}

// rpcEnd is how an RPC ended.
type rpcEnd struct {
	err            error
	code           codes.Code
	text           string
	sent, received bool
	trailed        bool // with metadata, so that the status is the server's for sure
	stream         bool
	took           time.Duration // since it was given to the instance
	failed         func(error) bool
}

func endOf(done grpcbalancer.DoneInfo, stream bool, picked time.Time, failed func(error) bool) rpcEnd {
	if failed == nil {
		failed = defaultFailure
	}
	e := rpcEnd{err: done.Err, sent: done.BytesSent, received: done.BytesReceived,
		trailed: len(done.Trailer) > 0, stream: stream, failed: failed}
	if done.Err != nil {
		answer := status.Convert(done.Err)
		e.code, e.text = answer.Code(), answer.Message()
	}
	if e.late() {
		e.took = time.Since(picked)
	}
	return e
}

func (e rpcEnd) sort() ending {
	return endings[slices.IndexFunc(endings, func(how ending) bool { return how.is(e) })]
}

// defaultFailure is that of [FailureIf]. The other codes say something of the request.
func defaultFailure(err error) bool {
	switch status.Code(err) {
	case codes.Unknown, codes.Internal, codes.Unavailable, codes.ResourceExhausted, codes.DataLoss, codes.Unimplemented:
		return true
	default:
		return false
	}
}

// gRPC's own messages begin with these words. Once an instance has sent something, nothing else
// tells a status of the client from a status of the server.
var (
	serverDrains = []string{"the stream is rejected because server is draining the connection",
		"the connection is draining"}
	streamReset    = []string{"stream terminated by RST_STREAM"}
	connectionLost = []string{"error reading from server", "closing transport due to", "keepalive ping failed"}
	cannotSend     = []string{
		"grpc: error while marshaling",
		"grpc: error while compressing",
		"grpc: message too large",
		"trying to send message larger than max",
		"SendMsg called after CloseSend",
	}
	tooLarge = []string{"grpc: received message larger than max", "grpc: message after decompression larger than max",
		"grpc: received message after decompression larger than max",
		"grpc: trying to send message larger than max", "trying to send message larger than max"}
	cannotDecode = []string{"grpc: error unmarshalling request", "grpc: failed to unmarshal the received message",
		"grpc: Decompressor is not installed"}
)

// late reports whether the deadline ended the RPC, by the clock of the caller or the server.
func (e rpcEnd) late() bool { return e.code == codes.DeadlineExceeded }

// own is has for messages of the client: a server may pass on a message that it received as a client.
func (e rpcEnd) own(words []string) bool { return !e.trailed && e.has(words) }

// has reports whether the text of a failure begins with one of these words.
func (e rpcEnd) has(words []string) bool {
	return e.err != nil && slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(e.text, w) })
}
