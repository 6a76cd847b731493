//go:build !unix

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "demo: it stops and resumes processes with signals, which needs a Unix system")
	os.Exit(2)
}
