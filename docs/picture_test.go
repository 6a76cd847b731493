package docs_test

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPictureShowsTheDemo looks for the acts of the picture in the source of the demo, so that the picture is drawn anew
// when they change.
func TestPictureShowsTheDemo(t *testing.T) {
	picture, err := os.ReadFile("demo.svg")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(root, "testcluster", "demo", "acts.go"))
	if err != nil {
		t.Fatal(err)
	}
	shown := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(string(picture), ""))
	announced := regexp.MustCompile(`(?m)^(kill|replace|term|rolling|pause|starve) +([a-z].*)$`).FindAllStringSubmatch(shown, -1)
	if len(announced) == 0 {
		t.Error("the picture shows no act")
	}
	for _, act := range announced {
		if !strings.Contains(string(source), `"`+act[2]+`"`) {
			t.Errorf("the demo has no act %q: draw demo.svg anew, see picture/main.go", act[2])
		}
	}
}
