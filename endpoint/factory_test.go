package endpoint

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// faulty is a factory that fails in some way until it has been run for the nth time, and remembers when it was.
type faulty struct {
	*servers
	failure func() (Endpoint, io.Closer, error)
	until   int
	runs    []time.Time
}

func (f *faulty) factory(address string) (Endpoint, io.Closer, error) {
	if address != "a:80" {
		return f.servers.factory(address)
	}
	f.mu.Lock()
	f.runs = append(f.runs, time.Now())
	f.mu.Unlock()
	if f.ran() < f.until {
		return f.failure()
	}
	return f.servers.factory(address)
}

func (f *faulty) ran() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.runs)
}

func broken() (Endpoint, io.Closer, error) { return nil, nil, errBroken }

func TestFactoryIsTriedAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		failure func() (Endpoint, io.Closer, error)
		logged  string
	}{
		"error":       {broken, "broken"},
		"panic":       {func() (Endpoint, io.Closer, error) { panic("no such thing") }, "factory panicked: no such thing"},
		"no endpoint": {func() (Endpoint, io.Closer, error) { return nil, nil, nil }, "factory returned no endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				users := &faulty{servers: newServers(), failure: tt.failure, until: 3}
				endpointer := endpointerOf(t, newTown("a", "b"), users.factory, WithLogger(zerolog.New(&log)))
				if got := callEach(t, endpointer); got != "[b:80]" {
					t.Errorf("the endpoints are %s, want [b:80]", got)
				}
				time.Sleep(slowestReconnect)
				synctest.Wait()
				if got := callEach(t, endpointer); got != "[a:80 b:80]" {
					t.Errorf("the endpoints are %s in the end, want [a:80 b:80]", got)
				}
				if len(users.runs) != 3 {
					t.Errorf("the factory ran %d times, want 3", len(users.runs))
				}
				if strings.Count(log.String(), tt.logged) != 2 || !strings.Contains(log.String(), `"instance":"a:80"`) {
					t.Errorf("the log says %s, want twice %q of a:80", log.String(), tt.logged)
				}
			})
		})
	}
}

func TestFactoryBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		users := &faulty{servers: newServers(), failure: broken, until: 15}
		endpointerOf(t, newTown("a"), users.factory)
		time.Sleep(15 * slowestReconnect)
		synctest.Wait()
		if len(users.runs) != users.until {
			t.Fatalf("the factory ran %d times, want %d", len(users.runs), users.until)
		}
		longest := 100 * time.Millisecond
		for i, at := range users.runs[1:] {
			if gap := at.Sub(users.runs[i]); gap < longest/2 || gap > longest {
				t.Errorf("run %d comes after %v, want %v to %v", i+2, gap, longest/2, longest)
			}
			longest = min(2*longest, 30*time.Second)
		}
	})
}

func TestFactoryIsNotTriedAgainInVain(t *testing.T) {
	for name, end := range map[string]func(*town, *Endpointer){
		"after the instance has left": func(town *town, _ *Endpointer) { town.leave("a") },
		"after Close":                 func(_ *town, endpointer *Endpointer) { endpointer.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town, users := newTown("a"), &faulty{servers: newServers(), failure: broken, until: 1000}
				endpointer := endpointerOf(t, town, users.factory)
				end(town, endpointer)
				time.Sleep(time.Hour)
				synctest.Wait()
				if len(users.runs) != 1 {
					t.Errorf("the factory ran %d times, want 1", len(users.runs))
				}
			})
		})
	}
}
