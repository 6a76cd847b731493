package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

const (
	importPath      = "github.com/grapevine-go/grapevine/testcluster/bench"
	rowPrefix       = "row: "       // of the lines of the test that hold a row
	virtualPatience = 2 * time.Hour // real; for the test
)

// benchVirtual has a test measure clusters.
func benchVirtual(o options, name string) ([]Row, error) {
	var sizes []string
	for _, n := range o.sizes {
		sizes = append(sizes, strconv.Itoa(n))
	}
	return measureByTest(o.say, name, "-virtual.n="+strings.Join(sizes, ","), "-virtual.runs="+strconv.Itoa(o.runs), "-virtual.span="+o.span.String())
}

// measureByTest has one of this package's tests measure, as there is virtual time in tests only. It takes the go command, and this package's
// source where the command is run.
func measureByTest(say func(format string, args ...any), name string, flags ...string) ([]Row, error) {
	common := []string{"test", "-count=1", "-v", "-run=^" + name + "$", "-timeout=" + virtualPatience.String(), importPath}
	test := exec.Command("go", append(common, flags...)...)
	var complaint strings.Builder
	test.Stderr = &complaint
	out, err := test.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := test.Start(); err != nil {
		return nil, fmt.Errorf("virtual time takes the go command: %w", err)
	}
	rows, err := collect(out, say)
	if failed := test.Wait(); failed != nil {
		err = errors.Join(err, fmt.Errorf("%s: %w\n%s", strings.Join(test.Args, " "), failed, complaint.String()))
	}
	return rows, err
}

// collect takes the rows from what a test writes, and passes on the rest.
func collect(out io.Reader, say func(format string, args ...any)) (rows []Row, err error) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		encoded, ok := strings.CutPrefix(lines.Text(), rowPrefix)
		if !ok {
			say("%s", lines.Text())
			continue
		}
		var r Row
		if failed := json.Unmarshal([]byte(encoded), &r); failed != nil {
			err = errors.Join(err, fmt.Errorf("%q: %w", lines.Text(), failed))
			continue
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 && err == nil {
		err = errors.New("the test gave no rows")
	}
	return rows, errors.Join(err, lines.Err())
}
