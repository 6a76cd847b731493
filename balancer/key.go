package balancer

import "context"

// WithKey gives the context of a call with a key, such as a user or a session, for the clients that pick by context: those of
// packages endpoint and grpcendpoint. A policy of affinity, as [Maglev] and [RingHash] are, sends calls with one key to one
// item while that has room for them, and further attempts at a call to the next ones of the key. Other policies pay no
// attention to it; "" is no key.
func WithKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, callKey{}, key)
}

// KeyOf gives the key of a call's context, for [Choice]; "" if it has none.
func KeyOf(ctx context.Context) string {
	key, _ := ctx.Value(callKey{}).(string)
	return key
}

type callKey struct{}
