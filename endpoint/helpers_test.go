package endpoint

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/go-kit/kit/sd"
	"go.uber.org/goleak"

	"github.com/grapevine-go/grapevine/balancer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBroken = errors.New("broken")

// first is a policy that always wants the first instance.
func first(*balancer.Set) balancer.Picker { return func(balancer.Call) int { return 0 } }

// waiting gives, in a bubble, the events that wait to be received, as "[a:80 b:80]" or as their error.
func waiting(events <-chan sd.Event) (texts []string) {
	for {
		synctest.Wait()
		select {
		case event := <-events:
			if event.Err != nil {
				texts = append(texts, event.Err.Error())
			} else {
				texts = append(texts, fmt.Sprint(event.Instances))
			}
		default:
			return texts
		}
	}
}

func checkWaiting(t *testing.T, events <-chan sd.Event, want ...string) {
	t.Helper()
	if got := waiting(events); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the events are %q, want %q", got, want)
	}
}
