package membership

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var anyHead = rapid.Custom(func(t *rapid.T) Head {
	return Head{
		Name: anyName.Draw(t, "name"), Boot: anyBoot.Draw(t, "boot"), Version: rapid.Uint64Max(NumberLimit-1).Draw(t, "version"),
		State: anyState.Draw(t, "state"), Form: rapid.Byte().Draw(t, "form"),
		Gone:    time.Duration(rapid.IntRange(0, 1<<20).Draw(t, "gone")) * time.Second,
		Address: rapid.SampledFrom([]string{"", "10.0.0.7:7946", "[fd00::7]:7946"}).Draw(t, "address"),
	}
})

func TestHeadsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		heads := rapid.SliceOfN(anyHead, 1, 5).Draw(t, "heads")
		var buf []byte
		for _, h := range heads {
			buf = h.Append(buf)
		}
		for _, want := range heads {
			got, rest, err := CutHead(buf)
			if err != nil || got != want {
				t.Fatalf("CutHead = %+v, %v, want %+v", got, err, want)
			}
			buf = rest
		}
		if len(buf) > 0 {
			t.Fatalf("%d bytes are left", len(buf))
		}
	})
}

// TestAgesNeverShrink holds that what is told again and again is forgotten in the end.
func TestAgesNeverShrink(t *testing.T) {
	h := Head{Name: "a", Boot: boot(1), Gone: time.Second + 1}
	if got, _, err := CutHead(h.Append(nil)); err != nil || got.Gone != 2*time.Second {
		t.Errorf("told of an age of %v as %v, %v", h.Gone, got.Gone, err)
	}
}

// TestFault31_GoldenHead: members of other releases send and read these bytes.
func TestFault31_GoldenHead(t *testing.T) {
	const want = "0161" + "05" + "00c0ffee00c0ffee" + "ac02" + "01" + "02" + "3c" + "0d31302e302e302e373a37393436"
	h := Head{Name: "a", Boot: Boot{5, 0xc0ffee00c0ffee}, Version: 300, State: Draining, Form: 2, Gone: time.Minute, Address: "10.0.0.7:7946"}
	if got := hex.EncodeToString(h.Append(nil)); got != want {
		t.Errorf("sent is %s, want %s", got, want)
	}
}

func TestHeadsRefused(t *testing.T) {
	whole := Head{Name: "a", Boot: boot(300), Version: 300, Address: "10.0.0.7:7946"}
	encoded := whole.Append(nil)
	for end := range encoded {
		if h, _, err := CutHead(encoded[:end]); !errors.Is(err, ErrMalformed) {
			t.Errorf("the first %d bytes: %+v, %v", end, h, err)
		}
	}
	huge := whole
	huge.Gone = longestGone
	at := len(huge.Append(nil)) - len(huge.Address) - 2 // the last byte of the age
	tooOld := huge.Append(nil)
	tooOld[at]++
	for name, refused := range map[string][]byte{
		"a name of capitals":   bytes.Replace(encoded, []byte("a"), []byte("A"), 1),
		"an address of a host": Head{Name: "a", Address: "host:7946"}.Append(nil),
		"a state of 3":         Head{Name: "a", State: Left + 1}.Append(nil),
		"an age of 30 years":   tooOld,
		"a name of 4 GiB":      append([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, encoded...),
		"an endless number":    append([]byte{1, 'a'}, strings.Repeat("\xff", 20)...),
	} {
		if h, _, err := CutHead(refused); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
		if allocated := testing.AllocsPerRun(10, func() { CutHead(refused) }); allocated > 20 {
			t.Errorf("%s: %v allocations", name, allocated)
		}
	}
}
