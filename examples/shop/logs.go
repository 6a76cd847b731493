package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

const shownLines = 20 // of the log of each process, after a failure

// logLine is what the trace needs of a line that endpoint.Logging wrote.
type logLine struct {
	Time      time.Time `json:"time"`
	Process   string    `json:"process"`
	Endpoint  string    `json:"endpoint"`
	RequestID string    `json:"request_id"`
	Took      float64   `json:"took"` // milliseconds
	Message   string    `json:"message"`
}

// trace finds the way of one request through the services, by its ID in their logs.
func (s *stage) trace(l *load) ([]string, error) {
	var found []logLine
	for _, name := range processes {
		log, err := os.ReadFile(s.fleet.path(name + ".log"))
		if err != nil {
			return nil, err
		}
		for scanner := bufio.NewScanner(bytes.NewReader(log)); scanner.Scan(); {
			var line logLine
			if json.Unmarshal(scanner.Bytes(), &line) != nil {
				continue // a process that was killed leaves half a line
			}
			if line.RequestID == l.traced.id && line.Endpoint != "" {
				found = append(found, line)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b logLine) int { return a.Time.Compare(b.Time) })
	trace := []string{fmt.Sprintf("request %s, attempts %d, in the logs, by the end of each call:",
		l.traced.id, l.traced.attempts)}
	for _, line := range found {
		trace = append(trace, fmt.Sprintf("  %-9s  %-7s  %s in %.1f ms",
			line.Process, line.Endpoint, line.Message, line.Took))
	}
	return trace, nil
}

// showLogs writes the ends of the logs, to find out why a show failed.
func (s *stage) showLogs() {
	for _, name := range processes {
		log, err := os.ReadFile(s.fleet.path(name + ".log"))
		if err != nil {
			continue // it was not started
		}
		lines := strings.Split(strings.TrimSpace(string(log)), "\n")
		lines = lines[max(len(lines)-shownLines, 0):]
		fmt.Fprintf(s.out, "\nthe end of the log of %s:\n%s\n", name, strings.Join(lines, "\n"))
	}
}
