package membership

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"testing"
	"time"
)

var comment = regexp.MustCompile(`#.*|\s`)

// golden reads a file of hexadecimal digits and comments.
func golden(t *testing.T, file string) []byte {
	t.Helper()
	text, err1 := os.ReadFile(file)
	frame, err2 := hex.DecodeString(comment.ReplaceAllString(string(text), ""))
	if err := cmp.Or(err1, err2); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return frame
}

// A peer of any release reads these bytes: a failure here means a new WireVersion, not new bytes.
func TestFault31_GoldenRecords(t *testing.T) {
	r := Record{
		Name: "users-1", Boot: Boot{Number: 2, ID: 0x00c0ffee00c0ffee}, Version: 300, State: Draining, Zone: "eu",
		Services: []Service{
			{Name: "users", Address: "10.0.0.7:80", Version: "v2", Tags: []string{"blue", ""}, Weight: 250,
				Metadata: map[string]string{"z": "1", "a": "β"}},
			{Name: "admin", Address: "a:1", Weight: 100},
		},
		Metadata: map[string]string{"rack": "12"},
		Started:  time.UnixMilli(1234567890123).UTC(),
		later:    []field{{5, ""}, {300, "key"}},
	}
	for version := byte(OldestWireVersion); version <= WireVersion; version++ {
		frame := golden(t, fmt.Sprintf("testdata/golden/record-%d.hex", version))
		if got, err := r.Encode(nil, version); err != nil || string(got) != string(frame) {
			t.Errorf("in wire version %d encoded as\n%x, %v, want\n%x", version, got, err, frame)
		}
		if got, err := DecodeRecord(frame); err != nil || !reflect.DeepEqual(got, inForm(r, version)) {
			t.Errorf("of wire version %d decoded as %+v, %v", version, got, err)
		}
	}
}
