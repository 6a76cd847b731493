package endpoint

import "context"

// WithKey gives the context of a call with a key, such as a user or a session: a [Balancer] whose policy is one of affinity,
// as balancer.Maglev and RingHash are, sends calls with one key to one instance while that has room for them, and further
// attempts at a call to the next ones of the key. Other policies pay no attention to it; "" is no key.
func WithKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, callKey{}, key)
}

type callKey struct{}

func keyOf(ctx context.Context) string {
	key, _ := ctx.Value(callKey{}).(string)
	return key
}
