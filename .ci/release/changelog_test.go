package main

import (
	"strings"
	"testing"
)

func TestPromote(t *testing.T) {
	const rest = "## v0.1.0 - 2026-01-02\n\n- First.\n"
	for name, tt := range map[string]struct {
		text, want, body string
		refused          string
	}{
		"from Unreleased": {
			text: "# Changelog\n\n## Unreleased\n\n### Added\n\n- Much.\n\n" + rest,
			want: "# Changelog\n\n## Unreleased\n\n## v0.2.0 - 2026-11-28\n\n### Added\n\n- Much.\n\n" + rest,
			body: "- Much.",
		},
		"in brackets, at the end": {
			text: "## [Unreleased]\n- Much.\n",
			want: "## Unreleased\n\n## v0.2.0 - 2026-11-28\n- Much.\n",
			body: "- Much.",
		},
		"a section of its own": {
			text: "## Unreleased\n\n## v0.2.0\n\n- Much.\n\n" + rest,
			want: "## Unreleased\n\n## v0.2.0\n\n- Much.\n\n" + rest,
			body: "- Much.",
		},
		"a section without v": {
			text: "## [0.2.0] - 2026-11-27\n- Much.\n" + rest,
			want: "## [0.2.0] - 2026-11-27\n- Much.\n" + rest,
			body: "- Much.",
		},
		"nothing":                    {text: "# Changelog\n\n## Unreleased\n\n### Added\n\n" + rest, refused: "nothing under Unreleased"},
		"no Unreleased":              {text: rest, refused: "no section v0.2.0"},
		"an empty section":           {text: "## v0.2.0\n\n" + rest, refused: "section v0.2.0 is empty"},
		"a section and more to come": {text: "## Unreleased\n- More.\n## v0.2.0\n- Much.\n", refused: "move them"},
		"another version's":          {text: "## v0.2.0-rc.1\n- Much.\n", refused: "no section v0.2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			got, body, err := promote(tt.text, "v0.2.0", "2026-11-28")
			wantError(t, err, tt.refused)
			if got != tt.want {
				t.Errorf("the changelog is %q, want %q", got, tt.want)
			}
			if !strings.Contains(body, tt.body) || strings.Contains(body, "First") {
				t.Errorf("the section says %q, want %q", body, tt.body)
			}
		})
	}
}

func TestBreakingLines(t *testing.T) {
	for text, want := range map[string]bool{
		"- Breaking: `A` is gone.":         true,
		"- Much.\n  * Breaking: B is gone": true,
		"Breaking changes":                 true,
		"- **Breaking**: C is gone.":       true,
		"- Nothing that is Breaking.":      false,
		"- Breakingly new.":                false,
		"- breaking":                       false,
	} {
		if got := breaking.MatchString(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
