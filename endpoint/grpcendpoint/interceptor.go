package grpcendpoint

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/grapevine-go/grapevine/endpoint"
)

// requestIDKey is the metadata that the ID of a request travels in.
var requestIDKey = strings.ToLower(endpoint.RequestIDHeader)

// UnaryServerInterceptor adds the ID of the request to the context, see [endpoint.RequestID], and
// encodes the error, see [EncodeError]. It is for grpc.ChainUnaryInterceptor.
func UnaryServerInterceptor(ctx context.Context, request any, _ *grpc.UnaryServerInfo,
	handler grpc.UnaryHandler) (any, error) {
	response, err := handler(withRequestID(ctx), request)
	return response, EncodeError(err)
}

// StreamServerInterceptor is [UnaryServerInterceptor] for streams, for grpc.ChainStreamInterceptor.
func StreamServerInterceptor(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo,
	handler grpc.StreamHandler) error {
	return EncodeError(handler(server, &serverStream{stream, withRequestID(stream.Context())}))
}

// UnaryClientInterceptor passes the ID of the request on, see [endpoint.RequestID], and decodes the
// error, see [DecodeError]. It is for grpc.WithChainUnaryInterceptor, through [Dial].
func UnaryClientInterceptor(ctx context.Context, method string, request, response any, conn *grpc.ClientConn,
	invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	return DecodeError(invoke(passRequestID(ctx), method, request, response, conn, options...))
}

// StreamClientInterceptor is [UnaryClientInterceptor] for streams, for
// grpc.WithChainStreamInterceptor.
func StreamClientInterceptor(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string,
	streamer grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := streamer(passRequestID(ctx), desc, conn, method, options...)
	if err != nil {
		return nil, DecodeError(err)
	}
	return &clientStream{stream}, nil
}

func withRequestID(ctx context.Context) context.Context {
	id := ""
	if values := metadata.ValueFromIncomingContext(ctx, requestIDKey); len(values) > 0 {
		id = values[0]
	}
	return endpoint.WithRequestID(ctx, id)
}

func passRequestID(ctx context.Context) context.Context {
	id := endpoint.RequestID(ctx)
	if id == "" {
		return ctx
	}
	sent, _ := metadata.FromOutgoingContext(ctx) // a copy
	if sent == nil {
		sent = metadata.MD{}
	}
	sent.Set(requestIDKey, id)
	return metadata.NewOutgoingContext(ctx, sent)
}

// serverStream has the ID in its context.
type serverStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *serverStream) Context() context.Context { return s.ctx }

// clientStream decodes what its methods return; io.EOF stays.
type clientStream struct{ grpc.ClientStream }

func (s *clientStream) Header() (metadata.MD, error) {
	header, err := s.ClientStream.Header()
	return header, DecodeError(err)
}

func (s *clientStream) CloseSend() error    { return DecodeError(s.ClientStream.CloseSend()) }
func (s *clientStream) SendMsg(m any) error { return DecodeError(s.ClientStream.SendMsg(m)) }
func (s *clientStream) RecvMsg(m any) error { return DecodeError(s.ClientStream.RecvMsg(m)) }
