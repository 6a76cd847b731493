package main

import (
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{"-what", "propagate, idle", "-n", "3, 10", "-runs", "2", "-idle", "20s", "-json", "rows.json"})
	if err != nil {
		t.Fatal(err)
	}
	if len(o.what) != 2 || len(o.sizes) != 2 || o.sizes[1] != 10 || o.runs != 2 || o.json != "rows.json" {
		t.Errorf("options %+v", o)
	}
	if o.settle != 10*time.Second || o.window != 20*time.Second {
		t.Errorf("with -idle 20s it settles for %v and counts for %v", o.settle, o.window)
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	names := strings.Join(benchNames(), ", ")
	for args, want := range map[string]string{
		"-what nonsense":       `-what "nonsense": use any of ` + names + ``,
		"-what transport,":     `-what "": use any of ` + names + ``,
		"-n 10,ten":            `-n "ten": use numbers from 2 to 400`,
		"-n 1":                 `-n "1": use numbers from 2 to 400`,
		"-runs 0":              `-runs "0": use 1 to 100`,
		"-idle 1ms":            `-idle "1ms": use 1s to 1h0m0s`,
		"-rate 1":              `-rate "1": use 5 to 20000`,
		"-span 1ms":            `-span "1ms": use 1s to 24h0m0s`,
		"-slow 0":              `-slow "0": use 1 to 100`,
		"-coredns=":            `-coredns "": use build, none or the file of a program`,
		"-idle -1s":            `-idle "-1s": use 1s to 1h0m0s`,
		"-width 0":             `-width "0": use 1 to 400`,
		"-busy 101":            `-busy "101": use 0 to 100`,
		"-spin -1":             `-spin "-1": use 0 to 100`,
		"-share 0":             `-share "0": use 1 to 100`,
		"-seeds 0":             `-seeds "0": use 1 to 100`,
		"-scenarios x":         `-scenarios "x": use any of 50 % load, 60 % load`,
		"-contenders p2c,x":    `-contenders "x": use any of LeastRequest+probes, LeastRequest`,
		"-what transport more": `argument "more": give flags only`,
	} {
		t.Run(args, func(t *testing.T) {
			if _, err := parse(strings.Fields(args)); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
}

func TestPushPullPeriod(t *testing.T) {
	for n, want := range map[int]time.Duration{3: 30 * time.Second, 32: 30 * time.Second, 33: time.Minute, 64: time.Minute, 100: 90 * time.Second} {
		if got := pushPullPeriod(n); got != want {
			t.Errorf("pushPullPeriod(%d) = %v, want %v", n, got, want)
		}
	}
}
