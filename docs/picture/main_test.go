package main

import (
	"slices"
	"strings"
	"testing"
)

func TestScreen(t *testing.T) {
	const recording = "Script started on 2026-11-28\r\nfirst\r\ntable 1\r\nact: a\r\n\x1b[2A\x1b[Jsecond\r\ntable 2\r\nact: b\r\n\x1b[2A\x1b[Jlast\r\n"
	for name, tt := range map[string]struct {
		with string
		want []string
	}{
		"with a table":    {"act: a", []string{"first", "table 1", "act: a"}},
		"lines that stay": {"act: b", []string{"first", "second", "table 2", "act: b"}},
		"the last":        {"", []string{"first", "second", "last"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := screen(recording, tt.with); err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("screen = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
	for name, bad := range map[string]string{"no such text": "first\n", "above the top": "act: c\n\x1b[2A\x1b[J"} {
		if got, err := screen(bad, "act: c"); err == nil {
			t.Errorf("%s: screen = %q without an error", name, got)
		}
	}
}

func TestDraw(t *testing.T) {
	got := draw([]string{"$ run", `"a" < b`, "kill        304 calls, 0 failed"})
	for _, want := range []string{
		`<tspan class="typed">$ run</tspan>`, `&#34;a&#34; &lt; b`,
		`<tspan class="act">kill</tspan>        304 calls, <tspan class="good">0 failed</tspan>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the picture lacks %s:\n%s", want, got)
		}
	}
}
