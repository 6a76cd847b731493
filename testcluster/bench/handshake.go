package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/cluster/transport"
)

// benchHandshakes measures how many handshakes a second this process does, both sides of each.
func benchHandshakes(o options) (rows []Row, err error) {
	for _, s := range systems(sealed, unsealed) { // memberlist has none
		g := s.kind.(grapevine)
		for _, goroutines := range []int{1, 2} {
			var samples []float64
			for range o.runs {
				sample, err := g.handshakes(o.handshakes, goroutines)
				if err != nil {
					return rows, fmt.Errorf("%s: %w", s.name, err)
				}
				samples = append(samples, sample)
			}
			rows = append(rows, Row{What: "transport", System: s.name, N: 2, Metric: "handshakes", Unit: "1/s",
				Scenario: fmt.Sprintf("%d at a time", goroutines)}.of(samples...))
		}
	}
	return rows, nil
}

// handshakes takes a new pair each time: a transport holds each IP to so many in a row.
func (g grapevine) handshakes(count, goroutines int) (perSecond float64, err error) {
	from, err := g.listen("from@1", asIs, ignore)
	if err != nil {
		return 0, err
	}
	defer from.Shutdown()
	to, err := g.listen("to@1", asIs, ignore)
	if err != nil {
		return 0, err
	}
	defer to.Shutdown()
	begun := time.Now()
	failures := make([]error, goroutines)
	var work sync.WaitGroup
	for i := range goroutines {
		work.Go(func() { failures[i] = identify(from, to.Address(), count/goroutines) })
	}
	work.Wait()
	return float64(count/goroutines*goroutines) / time.Since(begun).Seconds(), errors.Join(failures...)
}

func ignore(transport.From, []byte) {}

func identify(t *transport.Transport, address string, count int) error {
	for range count {
		if _, err := t.Identify(context.Background(), address, patience); err != nil {
			return err
		}
	}
	return nil
}
