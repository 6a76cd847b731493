package cluster

// putToken wakes whoever takes tokens from a channel that has room for one, and does nothing if one waits there already.
func putToken(tokens chan<- struct{}) {
	select {
	case tokens <- struct{}{}:
	default:
	}
}
