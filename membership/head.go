package membership

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// Head says which record of a member is known, without the record: members compare heads to find out what they lack of each
// other. It is also all that is passed on of a member that is gone: enough to rank a later boot above it, and to know that
// it said goodbye.
type Head struct {
	Name    string
	Boot    Boot
	Version uint64
	State   State
	Form    byte          // the newest wire version that holds what is known of the record; 0 when only its head is
	Gone    time.Duration // for how long the boot has been dead as far as the teller knows, 0 while it lives
	Address string        // host:port of its gossip, "" where the teller does not know it to live
}

// longestGone keeps the seconds of an age from overflowing a duration; nobody remembers a member for as long.
const longestGone = 10 * 365 * 24 * time.Hour

// Append appends the wire form of h to buf: name, boot number and boot ID, version, state, form, seconds gone, address, in the
// encoding of a record. An age never shrinks on its way.
func (h Head) Append(buf []byte) []byte {
	buf = appendString(buf, h.Name)
	buf = binary.AppendUvarint(buf, h.Boot.Number)
	buf = binary.BigEndian.AppendUint64(buf, h.Boot.ID)
	buf = binary.AppendUvarint(buf, h.Version)
	buf = append(buf, byte(h.State), h.Form)
	buf = binary.AppendUvarint(buf, uint64((min(h.Gone, longestGone)+time.Second-1)/time.Second))
	return appendString(buf, h.Address)
}

// CutHead takes a head off the front of buf, and parses it as strictly as [DecodeRecord] does.
func CutHead(buf []byte) (h Head, rest []byte, err error) {
	d := decoder{buf: buf}
	h.Name = d.string()
	h.Boot = Boot{Number: d.uvarint(), ID: d.uint64()}
	h.Version = d.uvarint()
	h.State, h.Form = State(d.byte()), d.byte()
	gone := d.uvarint()
	h.Address = d.string()
	if d.err != nil {
		return Head{}, nil, d.err
	}
	if gone > uint64(longestGone/time.Second) || h.State > Left {
		return Head{}, nil, fmt.Errorf("%w: a head of state %d, gone for %d s", ErrMalformed, h.State, gone)
	}
	h.Gone = time.Duration(gone) * time.Second
	if err := h.check(); err != nil {
		return Head{}, nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return h, d.buf, nil
}

// check refuses what no member would say.
func (h Head) check() error {
	if err := checkNumbers(h.Boot.Number, h.Version); err != nil {
		return err
	}
	if err := CheckName("member name", h.Name); err != nil || h.Address == "" {
		return err
	}
	_, err := netip.ParseAddrPort(h.Address)
	return err
}

// bare is a record of which only its head is known. Every form of the record itself says more, see [Record.Newer].
func (h Head) bare() Record {
	return Record{Name: h.Name, Boot: h.Boot, Version: h.Version, State: h.State, lag: WireVersion}
}

// head gives what is passed on of e in short. Who said goodbye is gone, also where it is still seen.
func (e *entry) head(self bool) Head {
	r := e.record
	h := Head{Name: r.Name, Boot: r.Boot, Version: r.Version, State: r.State, Form: r.form()}
	address, alive := e.alive.address(r.Boot.ID)
	h.Address = address
	switch {
	case !alive && !self:
		h.Gone = max(time.Since(e.gone), 1)
	case r.State == Left:
		h.Gone = 1
	}
	return h
}

// sum is what a member that lives adds to [Store.Digest].
func (r Record) sum() uint64 {
	buf := appendString(make([]byte, 0, 128), r.Name)
	buf = binary.BigEndian.AppendUint64(buf, r.Boot.Number)
	buf = binary.BigEndian.AppendUint64(buf, r.Boot.ID)
	hash := sha256.Sum256(binary.BigEndian.AppendUint64(buf, r.Version))
	return binary.BigEndian.Uint64(hash[:])
}
