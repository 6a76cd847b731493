package docs_test

import (
	"regexp"
	"strings"
	"testing"
)

const longSentence = 25 // words, from which on a sentence in two documents is a copy

var (
	sentenceEnd = regexp.MustCompile(`[.!?:;] +|\| *|\n`)
	breaks      = regexp.MustCompile(`([^\n])\n([^\n|#>*-])`)
)

// TestNoFileSaysTheSameAsAnother finds long sentences that stand in two documents.
func TestNoFileSaysTheSameAsAnother(t *testing.T) {
	found := make(map[string]string) // where a sentence was seen first
	for _, d := range all(t) {
		for sentence := range sentences(d) {
			if first, ok := found[sentence]; ok && first != d.path {
				t.Errorf("%s repeats a sentence of %s: keep it in one and link to it: %q", d.path, first, sentence)
			}
			found[sentence] = d.path
		}
	}
}

// sentences returns the long sentences of a document, each cell of a table apart.
func sentences(d document) map[string]bool {
	var prose strings.Builder
	for _, l := range d.prose {
		prose.WriteString(l.text + "\n")
	}
	joined := prose.String()
	for range 2 { // twice, since matches may touch
		joined = breaks.ReplaceAllString(joined, "$1 $2")
	}
	long := make(map[string]bool)
	for _, sentence := range sentenceEnd.Split(joined, -1) {
		if words := strings.Fields(sentence); len(words) > longSentence {
			long[strings.ToLower(strings.Trim(strings.Join(words, " "), ".!?*-"))] = true
		}
	}
	return long
}

func TestSentencesAreFound(t *testing.T) {
	long := "one two three four five six seven eight nine ten eleven twelve thirteen\n" +
		"fourteen fifteen sixteen seventeen eighteen nineteen twenty\n" +
		"and one and two and three and four and five."
	d := document{}
	for i, text := range strings.Split("Short one. "+long+"\n\n| cell | "+strings.ReplaceAll(long, "\n", " ")+" |", "\n") {
		d.prose = append(d.prose, line{i + 1, text})
	}
	if got := sentences(d); len(got) != 1 {
		t.Errorf("found %v, want one sentence, in its paragraph and in its cell", got)
	}
}
