package main

import (
	"crypto/rand"
	"runtime"
	"time"
)

// payload is what no compression makes smaller: memberlist tries, as it does by default.
func payload(size int) []byte {
	b := make([]byte, size)
	rand.Read(b) // never fails
	return b
}

// oneByOne sends messages, each once the one before was handled, and gives the ns that one took.
func (p *pair) oneByOne(send func([]byte) error, message []byte, count int) (float64, error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	begun := time.Now()
	for range count {
		if err := send(message); err != nil {
			return 0, err
		}
		if err := p.await(late.C); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(begun)) / float64(count), nil
}

// inARow sends messages as fast as they are taken, and gives the ns that one took until all were handled.
func (p *pair) inARow(send func([]byte) error, message []byte, count int) (float64, error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	begun := time.Now()
	for range count {
		if err := send(message); err != nil {
			return 0, err
		}
	}
	for range count {
		if err := p.await(late.C); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(begun)) / float64(count), nil
}

// inTurns measures every pair as often as it is told to. They take turns, so that what else happens on the host meets all
// of them, and none finds the garbage of another; the first turn makes keys and is not counted.
func inTurns(pairs []*pair, turns int, measure func(*pair) (float64, error)) (map[string][]float64, error) {
	samples := make(map[string][]float64)
	for turn := range turns + 1 {
		for _, p := range pairs {
			runtime.GC()
			sample, err := measure(p)
			if err != nil {
				return nil, err
			}
			if turn > 0 {
				samples[p.system] = append(samples[p.system], sample)
			}
		}
	}
	return samples, nil
}
