package membership

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

func checkMalformed(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, ErrMalformed) {
		t.Errorf("error is %v, want ErrMalformed", err)
	}
}

// A record in its parts, to spoil one of them. They are put together by hand, not by the code under test.
const (
	wireHead    = "\x01" + "\x01a" + "\x01" + "\x00\x00\x00\x00\x00\x00\x00\x07" + "\x01" + "\x00" + "\x00"
	wireNone    = "\x00"
	wireService = "\x05users" + "\x03a:1" + "\x00" + "\x00" + "\x64" + "\x00"
	wireWhole   = wireHead + "\x01" + wireService + "\x01" + "\x01k\x01v"
	wireUsers   = wireHead + "\x01" + "\x05users" + "\x03a:1" + "\x00\x00" // up to the weight
)

func TestMalformedRecords(t *testing.T) {
	if _, err := DecodeRecord([]byte(wireWhole)); err != nil {
		t.Fatalf("the record to spoil is refused already: %v", err)
	}
	for name, tt := range map[string]struct{ wire, says string }{
		"nothing":               {"", "1 bytes announced, 0 left"},
		"version 0":             {"\x00" + wireWhole[1:], "wire version 0, this release speaks 1 to 2"},
		"version 3":             {"\x03" + wireWhole[1:], "wire version 3, this release speaks 1 to 2"},
		"one byte more":         {wireWhole + "\x00", "1 bytes after the end"},
		"twice":                 {wireWhole + wireWhole, "bytes after the end"},
		"too large":             {wireWhole + strings.Repeat("\x00", MaxRecord), "more than 65536"},
		"long length":           {"\x01" + "\x81\x00a" + wireWhole[3:], "bad number"},
		"long count":            {wireHead + "\x80\x00" + wireNone, "bad number"},
		"long weight":           {wireUsers + "\xe4\x00" + "\x00" + wireNone, "bad number"},
		"number over 64 bits":   {"\x01" + strings.Repeat("\xff", 9) + "\x02" + wireWhole[2:], "bad number"},
		"number without an end": {"\x01" + strings.Repeat("\xff", 40), "bad number"},
		"weight 0":              {wireUsers + "\x00" + "\x00" + wireNone, "weight 0"},
		"weight absurd":         {wireUsers + "\xc1\x84\x3d" + "\x00" + wireNone, "weight 1000001"},
		"keys out of order":     {wireHead + wireNone + "\x02" + "\x01b\x00" + "\x01a\x00", "keys out of order"},
		"key twice":             {wireHead + wireNone + "\x02" + "\x01a\x00" + "\x01a\x00", "keys out of order"},
		"empty key twice":       {wireHead + wireNone + "\x02" + "\x00\x00" + "\x00\x00", "keys out of order"},
		"keys of a service":     {wireUsers + "\x64" + "\x02" + "\x01b\x00" + "\x01a\x00" + wireNone, "keys out of order"},
		"state":                 {strings.Replace(wireWhole, "\x07\x01\x00", "\x07\x01\x03", 1), "member state"},
		"name":                  {"\x01" + "\x01A" + wireWhole[3:], "member name"},
		"service twice":         {wireHead + "\x02" + wireService + wireService + wireNone, "registered already"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeRecord([]byte(tt.wire))
			checkMalformed(t, err)
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error is %q, want it to say %q", err, tt.says)
			}
			if got.Name != "" || got.Services != nil {
				t.Errorf("a refused record gave %+v", got)
			}
		})
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	r := member("users-1", Service{Name: "users", Address: "a:1", Version: "v2", Tags: []string{"blue"},
		Metadata: map[string]string{"k": "v"}})
	r.Version, r.Zone, r.Metadata = 300, "eu", map[string]string{"rack": "12"}
	r.Started, r.later = time.UnixMilli(1234567890123), []field{{5, ""}, {300, "key"}}
	whole := encode(t, r)
	for n := range whole {
		if _, err := DecodeRecord(whole[:n]); !errors.Is(err, ErrMalformed) {
			t.Errorf("the first %d of %d bytes: %v", n, len(whole), err)
		}
	}
}

func TestFault42_HugeLengthPrefix(t *testing.T) {
	const most = 4 << 10 // bytes that refusing may take: an error and its text
	for length, prefix := range map[string]string{
		"1 more than there is": "\x7f",
		"4 GiB":                "\xff\xff\xff\xff\x0f",
		"2^63":                 "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
		"2^64-1":               "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
	} {
		for of, wire := range map[string]string{
			"name":            "\x01" + prefix + "a",
			"zone":            wireHead[:len(wireHead)-1] + prefix + "eu",
			"services":        wireHead + prefix + wireService + wireNone,
			"service name":    wireHead + "\x01" + prefix + "users",
			"service address": wireHead + "\x01" + "\x05users" + prefix + "a:1",
			"tags":            wireUsers[:len(wireUsers)-1] + prefix + "\x04blue",
			"tag":             wireUsers[:len(wireUsers)-1] + "\x01" + prefix + "blue",
			"metadata":        wireHead + wireNone + prefix + "\x01k\x01v",
			"metadata key":    wireHead + wireNone + "\x01" + prefix + "k",
			"metadata value":  wireHead + wireNone + "\x01" + "\x01k" + prefix + "v",
			"fields":          wireFields + prefix + "\x05\x00",
			"field":           wireFields + "\x01" + "\x05" + prefix + "v",
		} {
			t.Run(fmt.Sprintf("%s of %s", length, of), func(t *testing.T) {
				var err error
				if took := allocated(func() { _, err = DecodeRecord([]byte(wire)) }); took > most {
					t.Errorf("refusing %d bytes allocated %d", len(wire), took)
				}
				checkMalformed(t, err)
			})
		}
	}
}

// allocated is how many bytes f takes from the heap, at the least of a few attempts: others may allocate meanwhile.
func allocated(f func()) uint64 {
	least := ^uint64(0)
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}
