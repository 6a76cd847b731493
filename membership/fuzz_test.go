package membership

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// Faults 40 and 42: whatever arrives, it is either refused as malformed, or it is a record that its owner could have
// sent, in the one encoding that it has.
func FuzzDecodeRecord(f *testing.F) {
	drained := next(member("users-1", users("10.0.0.7:80")), Draining)
	drained.Zone, drained.Metadata = "eu", map[string]string{"rack": "12", "": "β"}
	several := member("m", users("a:1"), Service{Name: "admin", Address: "[fd00::7]:80", Tags: []string{"", "blue"}})
	large := member("m", Service{Name: "s", Address: "a:1", Tags: []string{strings.Repeat("x", 300)}})
	later := member("a")
	later.Started, later.later = fromMillis(7), []field{{5, ""}, {300, "key"}}
	registered := member("m", users("a:1"), Service{Name: "admin", Address: "a:2"})
	registered.Registered = map[string]time.Time{"admin": fromMillis(7)}
	for _, r := range []Record{member("a"), drained, several, large, later, registered} {
		f.Add(encode(f, r))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := DecodeRecord(data)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("error is %v, want ErrMalformed", err)
			}
			return
		}
		if err := r.Check(); err != nil {
			t.Fatalf("decoded %+v, which Check refuses: %v", r, err)
		}
		if r.Boot.Number >= NumberLimit || r.Version >= NumberLimit {
			t.Fatalf("decoded %+v, with a number beyond the limit", r)
		}
		if again, err := r.Encode(nil, WireVersion); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("decoded %+v from\n%x, which encodes to\n%x, %v", r, data, again, err)
		}
	})
}

// Faults 40 and 47: a head is refused as malformed, or it is one that a member could have sent.
func FuzzCutHead(f *testing.F) {
	for _, h := range []Head{{Name: "a"}, {Name: "a", Boot: Boot{NumberLimit - 1, 7}, Version: NumberLimit - 1, State: Left, Form: 2, Gone: time.Hour},
		{Name: "users-1", Boot: Boot{NumberLimit, 7}, Address: "[fd00::7]:7946"}, {Name: "a", Version: ^uint64(0)}} {
		f.Add(h.Append(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, rest, err := CutHead(data)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("error is %v, want ErrMalformed", err)
			}
			return
		}
		if h.Boot.Number >= NumberLimit || h.Version >= NumberLimit || h.State > Left || CheckName("", h.Name) != nil {
			t.Fatalf("decoded %+v", h)
		}
		if again := h.Append(nil); !bytes.Equal(again, data[:len(data)-len(rest)]) {
			t.Fatalf("decoded %+v from\n%x, which encodes to\n%x", h, data, again)
		}
	})
}
