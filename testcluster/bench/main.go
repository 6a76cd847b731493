// Command bench measures this module beside what it could be compared with: all do the same work, in one run of one
// process, over the same loopback.
//
//	go -C testcluster/bench run . -what propagate,heal,idle -n 10,50,100 -json rows.json
//
// The exit status is 0 when everything was measured, 1 when something could not be, 2 when the flags cannot be used. That
// a mark is missed is a result like any other.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	runChild()
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if err := run(o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench: could not be measured:", err)
		os.Exit(1)
	}
}

// run shows what was measured, also when not everything could be.
func run(o options, out io.Writer) (err error) {
	var rows []Row
	var marks strings.Builder
	for _, name := range o.what {
		some, failed := benches[name](o)
		rows = append(rows, some...)
		err = errors.Join(err, failed)
		if judge := judges[name]; judge != nil {
			fmt.Fprintf(&marks, "\nmarks of %s\n%s", name, verdicts(judge(some)))
		}
	}
	fmt.Fprint(out, table(rows), marks.String())
	if o.json == "" {
		return err
	}
	return errors.Join(err, writeJSON(o.json, rows))
}
