package membership

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// MaxRecord is the largest encoded record, in bytes.
const MaxRecord = 64 << 10

// The wire version is the first byte of every encoded record. This release reads and writes each of these.
const (
	OldestWireVersion = 1
	WireVersion       = 2 // the newest
)

// ErrMalformed is wrapped by every error of [DecodeRecord].
var ErrMalformed = errors.New("membership: malformed record")

// The wire form of a record, in order: the wire version, then name, boot number, boot ID, version, state, zone, the
// services and the metadata. Numbers are unsigned varints in their shortest form, except the boot ID, which is eight
// bytes, big endian. A string is its length and its bytes; a list is its count and its elements; a map is a list of
// keys and values in ascending order of the keys. Version 2 adds the list of fields: see fields.go. There is one
// encoding of a record in each version and no other, so that equal records have equal bytes.

// Encode appends the form of r in a wire version to buf. A record that was read from an older form is written in that
// one: what its owner said beyond it is not known. Encode fails, as [Record.Check] does, on what DecodeRecord would refuse.
func (r Record) Encode(buf []byte, version byte) ([]byte, error) {
	if version < OldestWireVersion || version > WireVersion {
		return nil, unusable("wire version", strconv.Itoa(int(version)),
			fmt.Sprintf("use %d to %d", OldestWireVersion, WireVersion))
	}
	if err := r.Check(); err != nil {
		return nil, err
	}
	return r.append(buf, min(version, r.form())), nil
}

func (r Record) append(buf []byte, version byte) []byte {
	buf = append(buf, version)
	buf = appendString(buf, r.Name)
	buf = binary.AppendUvarint(buf, r.Boot.Number)
	buf = binary.BigEndian.AppendUint64(buf, r.Boot.ID)
	buf = binary.AppendUvarint(buf, r.Version)
	buf = append(buf, byte(r.State))
	buf = appendString(buf, r.Zone)
	buf = binary.AppendUvarint(buf, uint64(len(r.Services)))
	for _, service := range r.Services {
		buf = appendService(buf, service)
	}
	buf = appendMap(buf, r.Metadata)
	if version == 1 {
		return buf
	}
	return appendFields(buf, r.fields())
}

func appendService(buf []byte, s Service) []byte {
	buf = appendString(buf, s.Name)
	buf = appendString(buf, s.Address)
	buf = appendString(buf, s.Version)
	buf = binary.AppendUvarint(buf, uint64(len(s.Tags)))
	for _, tag := range s.Tags {
		buf = appendString(buf, tag)
	}
	buf = binary.AppendUvarint(buf, uint64(cmp.Or(s.Weight, DefaultWeight)))
	return appendMap(buf, s.Metadata)
}

func appendString(buf []byte, s string) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(s))), s...)
}

func appendMap(buf []byte, m map[string]string) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(m)))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		buf = appendString(appendString(buf, key), m[key])
	}
	return buf
}

func (r Record) size() int { return len(r.append(nil, r.form())) }

// DecodeRecord parses each wire form strictly: every length is checked before anything is allocated for it, nothing may
// follow the record, and a record that its owner could not have sent is refused. The result shares nothing with buf.
func DecodeRecord(buf []byte) (Record, error) {
	if len(buf) > MaxRecord {
		return Record{}, fmt.Errorf("%w: %d bytes, more than %d", ErrMalformed, len(buf), MaxRecord)
	}
	d := decoder{buf: buf}
	version := d.byte()
	if d.err == nil && (version < OldestWireVersion || version > WireVersion) {
		return Record{}, fmt.Errorf("%w: wire version %d, this release speaks %d to %d",
			ErrMalformed, version, OldestWireVersion, WireVersion)
	}
	r := Record{Name: d.string(), lag: WireVersion - version}
	r.Boot = Boot{Number: d.uvarint(), ID: d.uint64()}
	r.Version = d.uvarint()
	r.State = State(d.byte())
	r.Zone = d.string()
	for n := d.count(leastService); n > 0 && d.err == nil; n-- {
		r.Services = append(r.Services, d.service())
	}
	r.Metadata = d.stringMap()
	if version > 1 {
		d.fields(&r)
	}
	if d.err == nil && len(d.buf) > 0 {
		d.fail("%d bytes after the end", len(d.buf))
	}
	if d.err != nil {
		return Record{}, d.err
	}
	if err := checkNumbers(r.Boot.Number, r.Version); err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := r.Check(); err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return r, nil
}

// The fewest bytes that an element of each list takes; a count that the rest cannot hold is refused unread.
const (
	leastService = 6 // six empty fields
	leastString  = 1
	leastPair    = 2
	leastField   = 2
)

// decoder consumes buf from the front. After the first error everything it returns is zero.
type decoder struct {
	buf []byte
	err error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
	}
	d.buf = nil
}

func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.buf)) {
		d.fail("%d bytes announced, %d left", n, len(d.buf))
		return nil
	}
	taken := d.buf[:n]
	d.buf = d.buf[n:]
	return taken
}

func (d *decoder) byte() byte {
	if b := d.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if b := d.take(8); len(b) == 8 {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	value, n := binary.Uvarint(d.buf)
	if n <= 0 || n > 1 && d.buf[n-1] == 0 { // a last byte of zero adds nothing: not the shortest form
		d.fail("bad number")
		return 0
	}
	d.buf = d.buf[n:]
	return value
}

func (d *decoder) string() string { return string(d.take(d.uvarint())) }

// count reads the length of a list whose elements take at least least bytes each.
func (d *decoder) count(least uint64) uint64 {
	n := d.uvarint()
	if n > uint64(len(d.buf))/least {
		d.fail("%d elements announced, %d bytes left", n, len(d.buf))
		return 0
	}
	return n
}

func (d *decoder) service() Service {
	s := Service{Name: d.string(), Address: d.string(), Version: d.string()}
	for n := d.count(leastString); n > 0 && d.err == nil; n-- {
		s.Tags = append(s.Tags, d.string())
	}
	weight := d.uvarint()
	if weight == 0 || weight > MaxWeight {
		d.fail("weight %d", weight)
	}
	s.Weight = int(weight)
	s.Metadata = d.stringMap()
	return s
}

func (d *decoder) stringMap() map[string]string {
	n := d.count(leastPair)
	if n == 0 {
		return nil
	}
	m := make(map[string]string, n)
	last := ""
	for i := range n {
		key := d.string()
		if i > 0 && key <= last {
			d.fail("keys out of order")
			return nil
		}
		m[key], last = d.string(), key
	}
	return m
}
