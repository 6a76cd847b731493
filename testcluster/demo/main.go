//go:build unix

// Command demo runs a cluster of real processes on this machine and breaks it while it is in use: it kills, replaces,
// drains, restarts, pauses and starves processes while calls flow, and says what the calls and the views made of it.
//
//	go run ./testcluster/demo
//	go run ./testcluster/demo -n 8 -rate 1000 -acts kill,replace,pause -json demo.json
//
// The exit status is 0 when every call succeeded, retries allowed, and every view ended right; 1 when not; 2 when the
// demo could not run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// longest is how long the whole demo may take.
const longest = time.Minute

type options struct {
	n    int
	rate int
	acts []string
	json string
}

func main() {
	if childRequested() {
		runChild()
		return
	}
	opts, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	os.Exit(run(ctx, opts))
}

// run gives the exit status.
func run(ctx context.Context, opts options) int {
	bounded, cancel := context.WithTimeoutCause(ctx, longest, fmt.Errorf("it took longer than %v", longest))
	defer cancel()
	result, err := play(bounded, opts)
	if err != nil {
		if ctx.Err() != nil {
			err = errors.New("interrupted; every process was ended")
		}
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 2
	}
	fmt.Print(result.summary())
	if opts.json != "" {
		if err := result.write(opts.json); err != nil {
			fmt.Fprintln(os.Stderr, "demo:", err)
			return 2
		}
	}
	if !result.OK {
		return 1
	}
	return 0
}

func parse(args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.IntVar(&opts.n, "n", 5, "how many child processes, 3 to 50")
	flags.IntVar(&opts.rate, "rate", 300, "calls a second, 1 to 5000")
	list := flags.String("acts", strings.Join(actNames(), ","), "what happens, in order; any of these")
	flags.StringVar(&opts.json, "json", "", "file to write the result to")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	if flags.NArg() > 0 {
		return opts, fmt.Errorf("unexpected argument %q: the demo takes flags only", flags.Arg(0))
	}
	if opts.n < 3 || opts.n > 50 {
		return opts, fmt.Errorf("-n %d: use 3 to 50, so that somebody is left when others go", opts.n)
	}
	if opts.rate < 1 || opts.rate > 5000 {
		return opts, fmt.Errorf("-rate %d: use 1 to 5000 calls a second", opts.rate)
	}
	for act := range strings.SplitSeq(*list, ",") {
		if act = strings.TrimSpace(act); act == "" {
			continue
		}
		if acts[act] == nil {
			return opts, fmt.Errorf("-acts %q: use any of %s", act, strings.Join(actNames(), ", "))
		}
		opts.acts = append(opts.acts, act)
	}
	return opts, nil
}
