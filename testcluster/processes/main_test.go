package processes_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
)

var long = flag.Bool("long", false, "run the long forms of the tests too, which takes minutes")

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
	os.Exit(m.Run())
}

// waitTogether has all parallel tests run at once, unless the flag sets another number: they mostly wait.
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
