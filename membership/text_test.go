package membership

import (
	"strings"
	"testing"
)

// hostile is text that would forge lines, clear screens or break encodings where it is shown.
var hostile = map[string]struct{ text, remedy string }{
	"newline":         {"v1\nadmin logged in", "use printable characters"},
	"carriage return": {"v1\r", "use printable characters"},
	"tab":             {"v1\t", "use printable characters"},
	"NUL":             {"v1\x00", "use printable characters"},
	"terminal escape": {"\x1bcv1", "use printable characters"},
	"8 bit escape":    {"\u009b2Jv1", "use printable characters"},
	"bidi override":   {"v1\u202ecod.exe", "use printable characters"},
	"zero width":      {"v\u200b1", "use printable characters"},
	"invalid UTF-8":   {"v1\xff", "use valid UTF-8"},
	"half a rune":     {"v1\xe2\x82", "use valid UTF-8"},
}

func TestFault46_HostileText(t *testing.T) {
	for name, tt := range hostile {
		for place, put := range map[string]struct {
			into  func(*Record)
			field string
		}{
			"version":        {func(r *Record) { r.Services[0].Version = tt.text }, `version of service "users"`},
			"tag":            {func(r *Record) { r.Services[0].Tags = []string{"ok", tt.text} }, `tag of service "users"`},
			"metadata key":   {func(r *Record) { r.Metadata = map[string]string{tt.text: ""} }, "member metadata: key"},
			"metadata value": {func(r *Record) { r.Metadata = map[string]string{"k": tt.text} }, `member metadata: value of "k"`},
			"key of service": {func(r *Record) { r.Services[0].Metadata = map[string]string{tt.text: ""} },
				`metadata of service "users": key`},
			"value of service": {func(r *Record) { r.Services[0].Metadata = map[string]string{"k": tt.text} },
				`metadata of service "users": value of "k"`},
			"address": {func(r *Record) { r.Services[0].Address = tt.text + ":80" }, `address of service "users"`},
		} {
			t.Run(name+" in "+place, func(t *testing.T) {
				r := member("users-1", users("10.0.0.7:80"))
				put.into(&r)
				value := tt.text
				if place == "address" {
					value += ":80"
				}
				_, err := r.Encode(nil, WireVersion)
				checkRefused(t, err, put.field, value, tt.remedy)
			})
		}
	}
}

func TestFault46_HostileNames(t *testing.T) {
	shapes := map[string]string{"markup": "<script>alert(1)</script>", "line at the end": "users\n"}
	for name, tt := range hostile {
		shapes[name] = tt.text
	}
	for name, value := range shapes {
		t.Run(name, func(t *testing.T) {
			checkRefused(t, Record{Name: value}.Check(), "member name", value, "a-z")
			checkRefused(t, Record{Name: "a", Zone: value}.Check(), "zone", value, "a-z")
			checkRefused(t, Service{Name: value, Address: "a:1"}.Check(), "service name", value, "a-z")
		})
	}
}

// What a peer sends goes through the same door as what a user registers.
func TestFault46_HostileTextFromThePeer(t *testing.T) {
	for name, tt := range hostile {
		t.Run(name, func(t *testing.T) {
			r := member("users-1")
			r.Metadata = map[string]string{"k": tt.text}
			_, err := DecodeRecord(r.append(nil, WireVersion))
			checkRefused(t, err, `member metadata: value of "k"`, tt.text, tt.remedy)
			checkMalformed(t, err)
		})
	}
}

// An error is a line in a log, however long and foul what it quotes.
func TestFault46_ErrorsStayReadable(t *testing.T) {
	foul := strings.Repeat("\x1b]0;€\n", 8000)
	long := strings.Repeat("k", 50_000)
	for name, err := range map[string]error{
		"name":             CheckName("member name", foul),
		"address":          CheckAddress("address", foul),
		"version":          Service{Name: "a", Address: "a:1", Version: foul}.Check(),
		"under a long key": Record{Name: "a", Metadata: map[string]string{long: "\n"}}.Check(),
	} {
		t.Run(name, func(t *testing.T) { checkLoggable(t, err) })
	}
}
