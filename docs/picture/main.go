// Command picture draws a recording of a terminal as SVG: docs/demo.svg, for the README. On a terminal of Linux:
//
//	script -qfc 'go run ./testcluster/demo' demo.typescript
//	go run ./docs/picture -with 'act: starve' <demo.typescript >docs/demo.svg
package main

import (
	"flag"
	"fmt"
	"html"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
)

func main() {
	title := flag.String("title", "$ go run ./testcluster/demo", "first line of the picture")
	with := flag.String("with", "", "draw the last screen that has this text (default: the last screen)")
	flag.Parse()
	recording, err := io.ReadAll(os.Stdin)
	if err == nil {
		var lines []string
		if lines, err = screen(string(recording), *with); err == nil {
			_, err = io.WriteString(os.Stdout, draw(append([]string{*title}, lines...)))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

var up = regexp.MustCompile(`\x1b\[(\d+)A\x1b\[J`) // how the demo takes its table off the screen

// screen replays a recording and returns the lines of its last screen that has the text.
func screen(recording, text string) (found []string, err error) {
	recording = strings.ReplaceAll(recording, "\r", "")
	var lines []string
	keep := func() {
		if joined := strings.Join(lines, "\n"); strings.Contains(joined, text) {
			found = append([]string(nil), lines...)
		}
	}
	for recording != "" {
		next := up.FindStringSubmatchIndex(recording)
		printed := recording
		if next != nil {
			printed = recording[:next[0]]
		}
		for line := range strings.Lines(printed) {
			if line = strings.TrimRight(line, "\n"); !strings.HasPrefix(line, "Script ") {
				lines = append(lines, line)
			}
		}
		keep()
		if next == nil {
			break
		}
		back, err := strconv.Atoi(recording[next[2]:next[3]])
		if err != nil || back > len(lines) {
			return nil, fmt.Errorf("the recording goes up %s lines of %d", recording[next[2]:next[3]], len(lines))
		}
		lines = lines[:len(lines)-back]
		recording = recording[next[1]:]
	}
	if found == nil {
		return nil, fmt.Errorf("no screen has the text %q", text)
	}
	return found, nil
}

// The picture's measures, in units of SVG.
const (
	fontSize   = 14
	columnWide = 8.43 // of DejaVu Sans Mono at that size; textLength holds other fonts to it
	lineHigh   = 20
	margin     = 20
	bar        = 34 // with the three buttons of a window
	leastWide  = 80 // columns
)

// paint is how a part of a line is shown.
type paint struct {
	pattern *regexp.Regexp
	class   string
}

var paints = []paint{
	{regexp.MustCompile(`^\$ .*$`), "typed"},
	{regexp.MustCompile(`^(instance|act:).*$`), "head"},
	{regexp.MustCompile(`^(kill|replace|term|rolling|pause|starve)\b`), "act"},
	{regexp.MustCompile(`\b0 failed|^ok:.*$|\bactive$`), "good"},
	{regexp.MustCompile(`\bdraining$`), "warn"},
	{regexp.MustCompile(`\bgone$|\b[1-9][0-9]* failed`), "gone"},
}

func draw(lines []string) string {
	columns := leastWide
	for _, line := range lines {
		columns = max(columns, len([]rune(line)))
	}
	width, height := int(float64(columns)*columnWide)+2*margin, len(lines)*lineHigh+margin+bar
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img">
<title>A terminal: %s</title>
<style>
text { font: %dpx "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #d0d7de; white-space: pre }
.typed { fill: #ffffff; font-weight: bold } .head { fill: #8b949e } .act { fill: #79c0ff }
.good { fill: #56d364 } .warn { fill: #e3b341 } .gone { fill: #ff7b72 }
</style>
<rect width="%[1]d" height="%[2]d" rx="8" fill="#0d1117"/>
<circle cx="20" cy="18" r="6" fill="#ff5f56"/><circle cx="40" cy="18" r="6" fill="#ffbd2e"/><circle cx="60" cy="18" r="6" fill="#27c93f"/>
`, width, height, html.EscapeString(lines[0]), fontSize)
	for i, line := range lines {
		if line == "" {
			continue
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" textLength="%.1f" xml:space="preserve">%s</text>`+"\n",
			margin, bar+i*lineHigh+fontSize, float64(len([]rune(line)))*columnWide, colored(line))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// colored puts the parts of a line that have a paint into elements of their own.
func colored(line string) string {
	for _, p := range paints {
		if at := p.pattern.FindStringIndex(line); at != nil {
			return colored(line[:at[0]]) + `<tspan class="` + p.class + `">` + html.EscapeString(line[at[0]:at[1]]) + `</tspan>` +
				colored(line[at[1]:])
		}
	}
	return html.EscapeString(line)
}
