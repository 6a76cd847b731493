// Command release makes a release of the library and of its nested modules: one commit, and a tag for each module.
//
//	go -C .ci run ./release -n v0.1.0
//	go -C .ci run ./release v0.1.0
//
// It pushes nothing and prints the command that does. CONTRIBUTING.md says what it checks. The exit status is 0 when the
// release was made, 1 when it was refused, 2 when the arguments cannot be used.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	dry := flag.Bool("n", false, "check and print, but change nothing")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go -C .ci run ./release [-n] vX.Y.Z")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *dry); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(version string, dry bool) error {
	repo, err := openRepository(".")
	if err != nil {
		return err
	}
	p, err := prepare(repo, version, time.Now().UTC().Format(time.DateOnly), os.Stdout)
	if err != nil {
		return err
	}
	if dry {
		p.describe(os.Stdout)
		return nil
	}
	return p.carryOut(os.Stdout)
}
