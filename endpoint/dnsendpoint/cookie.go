package dnsendpoint

import (
	"encoding/binary"
	"net/netip"
	"sync/atomic"
	"time"
)

// amplification is how many times as large as the query an answer may be that goes by UDP, beyond
// loopback, to an address that has shown no valid cookie. It is what QUIC allows towards an address
// that is not validated (RFC 9000, section 8.1). A forged source then gains less than by what
// servers for the public may send, up to 20 times.
const amplification = 3

const (
	cookieVersion = 1 // of server cookies as RFC 9018 makes them

	// A server cookie counts for an hour, from five minutes before it is made, as clocks differ.
	// It is made anew once it is half an hour old: RFC 9018, section 4.3.
	cookieLife   = 3600 // seconds
	cookieEarly  = 300
	cookieRenews = 1800

	secretLife = 24 * time.Hour // RFC 7873, section 7.1: at most 26 hours
)

// cookies holds the secrets behind server cookies. Each process has its own: a client that is
// answered by another process gets a cookie of that one.
type cookies struct{ held atomic.Pointer[cookieSecrets] }

// cookieSecrets does not change. Cookies of the previous secret count until they are too old.
type cookieSecrets struct {
	current, previous sipKey
	since             time.Time
}

// secrets returns those in use now, and rotates them when they are due.
func (c *cookies) secrets(now time.Time) *cookieSecrets {
	for {
		held := c.held.Load()
		if held != nil && now.Sub(held.since) < secretLife {
			return held
		}
		next := &cookieSecrets{current: newSipKey(), previous: newSipKey(), since: now}
		if held != nil {
			next.previous = held.current
		}
		if c.held.CompareAndSwap(held, next) {
			return next
		}
	}
}

// cookie returns the server cookie for a client cookie and the address that it came from (RFC 7873,
// made as in RFC 9018). It reports whether server, the server cookie of the query, is valid. It
// allocates nothing but new secrets, once a day.
func (s *Server) cookie(client [8]byte, server []byte, from netip.Addr, now time.Time) (answer [16]byte, valid bool) {
	secrets := s.cookies.secrets(now)
	seconds := uint32(now.Unix())
	if len(server) == len(answer) && server[0] == cookieVersion {
		answer = [16]byte(server)
		age := int32(seconds - binary.BigEndian.Uint32(server[4:])) // serial numbers: RFC 1982
		if -cookieEarly <= age && age <= cookieLife {
			if isMadeWith(secrets.current, client, answer, from) {
				valid = true
				if age < cookieRenews {
					return answer, true
				}
			} else {
				valid = isMadeWith(secrets.previous, client, answer, from)
			}
		}
	}
	answer = [16]byte{0: cookieVersion}
	binary.BigEndian.PutUint32(answer[4:], seconds)
	binary.LittleEndian.PutUint64(answer[8:], cookieHash(secrets.current, client, answer, from))
	return answer, valid
}

func isMadeWith(secret sipKey, client [8]byte, server [16]byte, from netip.Addr) bool {
	return binary.LittleEndian.Uint64(server[8:]) == cookieHash(secret, client, server, from)
}

// cookieHash is over client cookie, version, reserved bytes, time and address of the client.
func cookieHash(secret sipKey, client [8]byte, server [16]byte, from netip.Addr) uint64 {
	var message [32]byte
	n := copy(message[:], client[:])
	n += copy(message[n:], server[:8])
	if from = from.Unmap(); from.Is4() {
		ip := from.As4()
		n += copy(message[n:], ip[:])
	} else {
		ip := from.As16() // zeros for what is no IP
		n += copy(message[n:], ip[:])
	}
	return sipHash(secret, message[:n])
}
