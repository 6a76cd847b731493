package transport

import (
	"context"
	"io"
	"sync/atomic"
	"time"
)

// An HTTP server waits for the end of a line, so it is silent to a hello that is not sealed. A dial
// that has heard nothing after sniffAfter asks in HTTP, on a connection of its own, as the other
// side may as well be a member that is slow. A process that is late does not ask.
const (
	sniffRequest = "GET /grapevine HTTP/1.0\r\n\r\n"
	sniffAfter   = 300 * time.Millisecond
	sniffFor     = time.Second
)

// sniffer asks for one dial.
type sniffer struct {
	found atomic.Pointer[RefusedError] // nil while nobody has answered
}

// begin asks later unless the dial is heard before. Once somebody has answered, the dial is closed.
func (s *sniffer) begin(ctx context.Context, t *Transport, address string, dial *takingConn) *time.Timer {
	return time.AfterFunc(t.lag.Stretch(sniffAfter), func() {
		if dial.heard.Load() {
			return
		}
		t.spawn(func() {
			if other := t.askInHTTP(ctx, address); other != "" {
				s.found.Store(&RefusedError{Reason: ReasonGarbage, Detail: other})
				dial.Close()
			}
		})
	})
}

// askInHTTP names the protocol of the answer, "" without an answer.
func (t *Transport) askInHTTP(ctx context.Context, address string) string {
	if !t.dialSlots.tryTake(itself) {
		return ""
	}
	defer t.freeSlot(itself)
	conn, err := t.network.DialAddressTimeout(Address{Addr: address}, sniffFor)
	if err != nil {
		return ""
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	conn.SetDeadline(time.Now().Add(sniffFor))
	if _, err := io.WriteString(conn, sniffRequest); err != nil {
		return ""
	}
	var opening [openingBytes]byte
	n, _ := io.ReadFull(conn, opening[:])
	return foreign(opening[:n])
}
