package endpoint_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/endpoint"
)

// ending is one way in which a call can end, as a row of docs/calls.md. A cell says whether the
// call is retried, whether it is a failure for the balancer, and what the node is told: "yes /
// yes / refused". Retried is "yes" where nothing was sent, "idempotent" where the method decides,
// and "RetryIf" where that option does. A cell may be "–": there is no such ending.
type ending struct {
	fault, http, kit string

	handler    http.HandlerFunc                                    // of each instance; nil answers
	addresses  []string                                            // instead of servers that run
	nobody     bool                                                // offers the service
	secured    bool                                                // over HTTP/2, with a certificate that base may know
	base       func(*testing.T, *http.Transport, *httptest.Server) // edits what sends
	around     func(http.RoundTripper) http.RoundTripper           // stands before it
	edit       func(*http.Request)                                 // of the caller
	within     func(context.Context) (context.Context, func())     // the caller's context
	client     http.Client                                         // for its Timeout
	options    []endpoint.RetryOption                              // of Retry
	middleware endpoint.Middleware                                 // of each instance
	before     int                                                 // calls that come before, to /warm
	then       func(context.Context, func(), *http.Response) error // what the caller does with a response
	attempts   int                                                 // that are no retries; 0 means 1
	encode     func(context.Context, *http.Request) error          // of Go kit's client, before the request is sent
}

// TestEndings holds that each way in which a call can end has the consequences that docs/calls.md
// says, twenty times over.
func TestEndings(t *testing.T) {
	rows := documentedEndings(t)
	for name, e := range endings {
		t.Run(name, func(t *testing.T) {
			row, ok := rows[name]
			if !ok {
				t.Fatalf("docs/calls.md has no row %q", name)
			}
			got := []string{e.fault, e.http, e.kit}
			if e.http != none {
				got[1] = consequences(t, e, overHTTP, "idempotent")
			}
			if e.kit != none {
				got[2] = consequences(t, e, overKit, "RetryIf")
			}
			if want := []string{e.fault, e.http, e.kit}; !slices.Equal(got, want) {
				t.Errorf("fault, net/http, Go kit: got %q, want %q", got, want)
			}
			if !slices.Equal(row, got) {
				t.Errorf("docs/calls.md says %q, and it is %q", row, got)
			}
		})
	}
	for name := range rows {
		if _, ok := endings[name]; !ok {
			t.Errorf("row %q of docs/calls.md has no test", name)
		}
	}
}

const none = "–"

// documentedEndings returns the cells of the table by the name of their row.
func documentedEndings(t *testing.T) map[string][]string {
	return documented(t, "the call ends with")
}

// documented returns the cells of the table of docs/calls.md that begins with a word, by the name of
// their row.
func documented(t *testing.T, begins string) map[string][]string {
	document, err := os.ReadFile("../docs/calls.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(document), "| "+begins+" |")
	if !found {
		t.Fatalf("docs/calls.md has no table that begins with %q", begins)
	}
	rows := make(map[string][]string)
	for _, line := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if len(cells) < 2 {
			break
		}
		rows[cells[0]] = cells[1:]
	}
	return rows
}

// a way of calling: sure has it retry no more than it must.
type way func(t *testing.T, e ending, r *rig, sure bool)

const mostAgain = 20

// consequences makes the call twice, for whether it is retried in any case or only by choice.
func consequences(t *testing.T, e ending, by way, choice string) string {
	var seen [2]*rig
	for i, sure := range []bool{false, true} {
		seen[i] = newRig(t, e)
		if sure && e.attempts > 0 { // what is not idempotent has one attempt
			break
		}
		by(t, e, seen[i], sure)
		// Where the caller's time was over before an instance was called, on a busy machine, the
		// instance cannot have been at fault: that call is made again.
		for again := 0; e.fault == instance && seen[i].tries.Load() == 0 && again < mostAgain; again++ {
			seen[i] = newRig(t, e)
			by(t, e, seen[i], sure)
		}
	}
	words := map[[2]bool]string{{false, false}: "no", {true, false}: choice, {true, true}: "yes"}
	retried := words[[2]bool{seen[0].retried(e), seen[1].retried(e)}]
	return fmt.Sprintf("%s / %s / %s", retried, seen[0].failed(), seen[0].told())
}
