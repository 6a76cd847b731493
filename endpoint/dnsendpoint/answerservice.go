package dnsendpoint

// serviceRecord is SRV, RFC 2782. Its target is not compressed.
var serviceRecord = &recordKind{has: (*response).always, write: (*response).writeService}

func (r *response) always(*target) bool { return true }

// heaviest is the weight of the heaviest instance on the wire. HAProxy divides weights by 256, so
// that unscaled ones below 256 would all count the same.
const heaviest = 255 << 8

func (r *response) writeService(t *target) int {
	r.uint16(t.priority(0))
	r.uint16(scaled(t.weight, r.heavy))
	r.uint16(t.port)
	at := r.offset()
	r.bytes(t.name)
	return at
}

// priority returns the best for an instance of the preferred zone, and the next for others.
func (t *target) priority(best uint16) uint16 {
	if t.far {
		return best + 1
	}
	return best
}

// scaled returns weight on the scale on which heavy is heaviest, 1 at least: 0 would mean hardly ever.
func scaled(weight, heavy int) uint16 {
	of := int64(heavy) // the product is beyond 32 bits
	return uint16(max(1, (int64(weight)*heaviest+of/2)/of))
}
