package cluster

import (
	"strings"
	"testing"
)

func TestIdentityRoundTrip(t *testing.T) {
	for name, id := range map[string]identity{
		"usual":    {"catalog-1", 0xc0ffee00c0ffee},
		"smallest": {"a", 0},
		"largest":  {strings.Repeat("z", 63), 1<<64 - 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := parseIdentity(id.String()); err != nil || got != id {
				t.Errorf("parseIdentity(%s) = %v, %v", id, got, err)
			}
		})
	}
	if got := (identity{"catalog-1", 0xc0ffee00c0ffee}).String(); got != "catalog-1@00c0ffee00c0ffee" {
		t.Errorf("String = %s", got) // peers of other releases know a member by it
	}
}

func TestParseIdentityRefuses(t *testing.T) {
	for name, s := range map[string]string{
		"empty":             "",
		"no boot":           "a",
		"no name":           "@0000000000000001",
		"short boot":        "a@1",
		"long boot":         "a@00000000000000001",
		"capital boot":      "a@00000000000000AB",
		"signed boot":       "a@+000000000000001",
		"two boots":         "a@0000000000000001@0000000000000001",
		"space":             "a@ 000000000000001",
		"bad name":          "A@0000000000000001",
		"name that escapes": "a\x1b@0000000000000001",
		"name too long":     strings.Repeat("a", 64) + "@0000000000000001",
	} {
		t.Run(name, func(t *testing.T) {
			if id, err := parseIdentity(s); err == nil {
				t.Errorf("parseIdentity(%q) = %v, want an error", s, id)
			}
		})
	}
}

func FuzzParseIdentity(f *testing.F) {
	f.Add("catalog-1@00c0ffee00c0ffee")
	f.Add("a@")
	f.Add("@@")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := parseIdentity(s); err == nil && id.String() != s {
			t.Errorf("parseIdentity(%q) = %v, which has another form", s, id)
		}
	})
}
