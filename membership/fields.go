package membership

import (
	"encoding/binary"
	"slices"
	"time"
)

// The fields of a record are what wire version 2 adds, so that a release can say more without a version of its own. On
// the wire they are a list in ascending order of their numbers; a field is its number, its length and its bytes. A
// number, once given, keeps its meaning. One that this release does not know is kept, and passed on as it came.
const (
	fieldStarted = 1 // milliseconds since 1970 as a number, not 0; absent when unknown

	// fieldRegistered holds as many numbers as there are services, in their order: milliseconds since 1970, 0 when
	// unknown; absent when all are.
	fieldRegistered = 2
)

// field is one of them, with its bytes as they are on the wire.
type field struct {
	number uint64
	value  string
}

// fields gives all fields of r, in ascending order.
func (r Record) fields() []field {
	var known []field
	if millis := toMillis(r.Started); millis > 0 {
		known = append(known, field{fieldStarted, string(binary.AppendUvarint(nil, millis))})
	}
	if starts := r.starts(); len(starts) > 0 {
		var value []byte
		for _, millis := range starts {
			value = binary.AppendUvarint(value, millis)
		}
		known = append(known, field{fieldRegistered, string(value)})
	}
	return slices.Concat(known, r.later) // what comes later has higher numbers
}

// starts returns when each service was registered, in milliseconds, or none if that is known of none.
func (r *Record) starts() (starts []uint64) {
	if len(r.Registered) == 0 {
		return nil
	}
	for i, service := range r.Services {
		if millis := toMillis(r.Registered[service.Name]); millis > 0 {
			if starts == nil {
				starts = make([]uint64, len(r.Services))
			}
			starts[i] = millis
		}
	}
	return starts
}

// registered returns the result of starts as a map.
func (r *Record) registered(starts []uint64) map[string]time.Time {
	if len(starts) == 0 {
		return nil
	}
	registered := make(map[string]time.Time, len(starts))
	for i, millis := range starts {
		if millis > 0 {
			registered[r.Services[i].Name] = fromMillis(millis)
		}
	}
	return registered
}

func appendFields(buf []byte, fields []field) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(fields)))
	for _, f := range fields {
		buf = appendString(binary.AppendUvarint(buf, f.number), f.value)
	}
	return buf
}

// fields reads the list into r.
func (d *decoder) fields(r *Record) {
	n := d.count(leastField)
	for last := uint64(0); n > 0 && d.err == nil; n-- {
		f := field{number: d.uvarint(), value: d.string()}
		switch {
		case d.err != nil:
		case f.number <= last:
			d.fail("fields out of order")
		case f.number == fieldStarted:
			r.Started = d.started(f.value)
		case f.number == fieldRegistered:
			r.Registered = r.registered(d.starts(f.value, len(r.Services)))
		default:
			r.later = append(r.later, f)
		}
		last = f.number
	}
}

// started reads the value of fieldStarted.
func (d *decoder) started(value string) time.Time {
	inner := decoder{buf: []byte(value)}
	millis := inner.uvarint()
	if inner.err != nil || len(inner.buf) > 0 || millis == 0 || millis > latestStart {
		d.fail("bad time of start")
	}
	return fromMillis(millis)
}

// starts reads the value of fieldRegistered.
func (d *decoder) starts(value string, services int) []uint64 {
	inner, latest := decoder{buf: []byte(value)}, uint64(0)
	starts := make([]uint64, services)
	for i := range starts {
		starts[i] = inner.uvarint()
		latest = max(latest, starts[i])
	}
	if inner.err != nil || len(inner.buf) > 0 || latest == 0 || latest > latestStart {
		d.fail("bad times of registration")
		return nil
	}
	return starts
}

// latestStart, in milliseconds since 1970, is the end of the year 9999: JSON has no later time.
const latestStart = 253402300799999

// toMillis gives 0 for what is unknown, and for a clock that is before 1970.
func toMillis(t time.Time) uint64 { return uint64(max(t.UnixMilli(), 0)) }

func fromMillis(millis uint64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(millis)).UTC()
}
