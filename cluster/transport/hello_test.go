package transport

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

var fullHello = hello{version: version, tag: tagOf("c"), versions: Versions{1, 2}, purpose: forLink, id: "catalog-1@00c0ffee00c0ffee",
	address: "[fd00::7]:7946"}

func TestHello(t *testing.T) {
	longest := fullHello
	longest.id, longest.address = strings.Repeat("a", mostIdentity), "[fe80::ffff:ffff:ffff:ffff%"+strings.Repeat("z", 30)+"]:65535"
	later := fullHello
	later.version = version + 1
	for name, want := range map[string]hello{"full": fullHello, "longest": longest, "of a later version": later} {
		from := bytes.NewReader(append(want.encode(), "rest"...))
		got, err := readHello(from)
		if rest, _ := io.ReadAll(from); err != nil || got != want || string(rest) != "rest" {
			t.Errorf("%s: read as %+v, %v, with %q left", name, got, err, rest)
		}
	}
}

func TestHelloRefused(t *testing.T) {
	change := func(edit func(*hello)) []byte {
		h := fullHello
		edit(&h)
		return h.encode()
	}
	whole := fullHello.encode()
	longer := bytes.Clone(whole)
	longer[len(helloMagic)+1]++
	for name, tt := range map[string]struct {
		sent   []byte
		reason Reason // "" for malformed
	}{
		"no identity":         {change(func(h *hello) { h.id = "" }), ""},
		"a boot of no name":   {change(func(h *hello) { h.id = "@0000000000000001" }), ""},
		"a long identity":     {change(func(h *hello) { h.id = strings.Repeat("a", mostIdentity+1) }), ""},
		"an escape":           {change(func(h *hello) { h.id = "a\x1b[31m" }), ""},
		"a line break":        {change(func(h *hello) { h.id = "a\nb" }), ""},
		"no address":          {change(func(h *hello) { h.address = "" }), ""},
		"a host name":         {change(func(h *hello) { h.address = "host:1" }), ""},
		"a byte more":         {append(longer, 0), ""},
		"a huge length":       {append([]byte(helloMagic), 0xff, 0xff), ""},
		"a length of nothing": {append([]byte(helloMagic), 0, 0), ""},
		"TLS":                 {append([]byte{tlsHandshake, 3, 1}, make([]byte, 100)...), ReasonPlain},
		"HTTP":                {[]byte("GET / HTTP/1.1\r\n\r\n"), ReasonGarbage},
	} {
		_, err := readHello(bytes.NewReader(tt.sent))
		var refused *RefusedError
		if tt.reason == "" && !errors.Is(err, errMalformed) || tt.reason != "" && (!errors.As(err, &refused) || refused.Reason != tt.reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for end := range whole {
		if _, err := readHello(bytes.NewReader(whole[:end])); err == nil {
			t.Errorf("the first %d bytes are a hello", end)
		}
	}
}

func FuzzReadHello(f *testing.F) {
	f.Add(fullHello.encode())
	f.Add(append([]byte(helloMagic), 0xff, 0xff))
	f.Fuzz(func(t *testing.T, sent []byte) {
		h, err := readHello(bytes.NewReader(sent))
		if err != nil || h.version != version {
			return
		}
		if again := h.encode(); !bytes.HasPrefix(sent, again) {
			t.Errorf("%x is read as %+v, which is written %x", sent, h, again)
		}
	})
}
