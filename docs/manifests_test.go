package docs_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// TestManifestsAreWellFormed covers the blocks that need no library. Those of YAML are decoded by .ci/manifests, by the
// types of Kubernetes and the schema of Compose.
func TestManifestsAreWellFormed(t *testing.T) {
	for _, d := range all(t) {
		for _, b := range d.blocks {
			switch b.language {
			case "dockerfile":
				dockerfile(t, b)
			case "ini":
				unit(t, b)
			case "json":
				if !json.Valid([]byte(b.text)) {
					t.Errorf("%s: this is no JSON", b)
				}
			case "yaml":
				if strings.Contains(b.text, "\t") {
					t.Errorf("%s: YAML knows no tabulator", b)
				}
			}
		}
	}
}

var instruction = regexp.MustCompile(`^(FROM|RUN|CMD|LABEL|EXPOSE|ENV|ADD|COPY|ENTRYPOINT|VOLUME|USER|WORKDIR|ARG|HEALTHCHECK|STOPSIGNAL)\s+(.+)$`)

// dockerfile expects known instructions, a first FROM, and lists where an instruction takes one.
func dockerfile(t *testing.T, b block) {
	t.Helper()
	begun := false
	for text := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		parts := instruction.FindStringSubmatch(text)
		switch {
		case parts == nil:
			t.Errorf("%s: %q is no instruction", b, text)
		case parts[1] != "FROM" && parts[1] != "ARG" && !begun:
			t.Errorf("%s: %q before FROM", b, text)
		case strings.HasPrefix(parts[2], "[") && !json.Valid([]byte(parts[2])):
			t.Errorf("%s: %q: the list is no JSON", b, text)
		case parts[1] == "FROM":
			begun = true
		}
	}
	if !begun {
		t.Errorf("%s: no FROM", b)
	}
}

// unit expects the form of systemd's files: sections, and keys with values within them.
func unit(t *testing.T, b block) {
	t.Helper()
	section := false
	for text := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
		text = strings.TrimSpace(text)
		switch {
		case text == "" || strings.HasPrefix(text, "#"):
		case regexp.MustCompile(`^\[\w+\]$`).MatchString(text):
			section = true
		case !section || !regexp.MustCompile(`^\w+=`).MatchString(text):
			t.Errorf("%s: %q is neither a section nor a key of one", b, text)
		}
	}
}
