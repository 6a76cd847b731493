//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// result is what -json writes. Times are in milliseconds.
type result struct {
	Members    int              `json:"members"` // at the start, the caller included
	Calls      int              `json:"calls"`
	Failed     int              `json:"failed"`
	Retried    int              `json:"retried"` // attempts after the first of a call
	P50MS      float64          `json:"p50_ms"`  // of the calls, from when they should have begun
	P99MS      float64          `json:"p99_ms"`
	ConvergeMS float64          `json:"converge_ms"` // from the first process to every view complete
	OK         bool             `json:"ok"`
	Acts       []actResult      `json:"acts"`
	Instances  []instanceResult `json:"instances"`
	Errors     []string         `json:"errors,omitempty"` // of an act that went wrong, and of the first few calls that failed
}

type actResult struct {
	Act    string  `json:"act"`
	Calls  int     `json:"calls"`
	Failed int     `json:"failed"`
	ViewMS float64 `json:"view_ms"` // from the act to every living process having the right view
}

type instanceResult struct {
	Name   string  `json:"name"`
	Calls  int     `json:"calls"` // attempts that went to it
	Errors int     `json:"errors"`
	P50MS  float64 `json:"p50_ms"`
	P99MS  float64 `json:"p99_ms"`
}

func (a actResult) String() string {
	return fmt.Sprintf("%-8s %6d calls, %d failed; every view right after %.1f ms", a.Act, a.Calls, a.Failed, a.ViewMS)
}

// finish adds what the calls came to.
func (r *result) finish(c *calls) {
	r.Instances = c.perInstance()
	c.mu.Lock()
	defer c.mu.Unlock()
	r.Calls, r.Failed = c.counts.Calls, c.counts.Failed
	r.Retried = max(0, c.counts.Attempts-c.counts.Calls)
	r.P50MS, r.P99MS = percentile(c.latencies, 50), percentile(c.latencies, 99)
	r.Errors = append(r.Errors, c.errors...)
	r.OK = r.OK && r.Failed == 0 && r.Calls > 0
}

func (r *result) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-8s %8s %7s %9s %9s %7s\n", "instance", "calls", "share", "p50 ms", "p99 ms", "errors")
	for _, i := range r.Instances {
		fmt.Fprintf(&b, "%-8s %8d %6.1f%% %9.1f %9.1f %7d\n", i.Name, i.Calls, share(i.Calls, r.Calls+r.Retried), i.P50MS, i.P99MS, i.Errors)
	}
	fmt.Fprintf(&b, "\n%d calls, %d failed, %d retried; p50 %.1f ms, p99 %.1f ms\n", r.Calls, r.Failed, r.Retried, r.P50MS, r.P99MS)
	for _, err := range r.Errors {
		fmt.Fprintf(&b, "error: %s\n", err)
	}
	verdict := "ok: every call succeeded and every view ended right"
	if !r.OK {
		verdict = "NOT ok: a call failed or a view ended wrong"
	}
	fmt.Fprintln(&b, verdict)
	return b.String()
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

func (r *result) write(file string) error {
	encoded, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(encoded, '\n'), 0o644)
}
