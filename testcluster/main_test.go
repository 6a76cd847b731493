package testcluster_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/testcluster"
)

// childConfig is the variable that makes this program a member, in a process of its own: it holds the config as JSON.
const childConfig = "GRAPEVINE_TEST_CHILD"

func TestMain(m *testing.M) {
	if config := os.Getenv(childConfig); config != "" {
		if err := runChild(config); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	waitTogether()
	useOneProcessor()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // the heap is small, and would be collected all the time
	}
	os.Exit(m.Run())
}

// useOneProcessor runs all but the long forms on one processor, unless the environment sets another number.
// A bubble wakes one goroutine after another; on two processors hand-overs cost it 40 % more processor time.
// The race detector of go1.26.8 also breaks now and then where a bubble fires timers on one processor while a
// goroutine polls the channel of a due timer on another: both use the one race context of the bubble.
func useOneProcessor() {
	if os.Getenv("GOMAXPROCS") == "" && !*testcluster.Long {
		runtime.GOMAXPROCS(1)
	}
}

// waitTogether has all parallel tests run at once, unless the flag says otherwise: they are those
// of real processes, which mostly wait.
func waitTogether() {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		flag.Set("test.parallel", "12")
	}
}

// line is what a child writes: once where it is, then whom it lists, at each change, and once how joining went.
type line struct {
	Address string   `json:",omitempty"`
	Names   []string `json:",omitempty"`
	Ready   string   `json:",omitempty"`
}

const readyPatience = 2 * time.Second

// runChild is a member until its standard input ends. What it warns of goes to standard error.
func runChild(encoded string) error {
	var config cluster.Config
	if err := json.Unmarshal([]byte(encoded), &config); err != nil {
		return err
	}
	config.Logger = zerolog.New(os.Stderr).Level(zerolog.WarnLevel)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	node, err := cluster.Start(ctx, config)
	if err != nil {
		return err
	}
	defer node.Close()
	var mu sync.Mutex
	write := func(l line) {
		mu.Lock()
		defer mu.Unlock()
		json.NewEncoder(os.Stdout).Encode(l)
	}
	write(line{Address: node.Address()})
	go func() {
		patience, cancel := context.WithTimeout(ctx, readyPatience)
		defer cancel()
		write(line{Ready: fmt.Sprint(node.Ready(patience))})
	}()
	for snapshot := range node.View().Follow(ctx) {
		write(line{Names: names(snapshot)})
	}
	return nil
}
