// Command secret is a member of a cluster that a secret seals: it says who is there, and which secrets are used. Make a
// secret, and run it in two terminals:
//
//	(umask 077; go run ./examples/secret -new > secret.txt)
//	go run ./examples/secret -gossip.name alice -gossip.bind 127.0.0.1:7946 -gossip.cluster shop -gossip.secret-file secret.txt
//	go run ./examples/secret -gossip.name bob -gossip.join 127.0.0.1:7946 -gossip.cluster shop -gossip.secret-file secret.txt
//
// To change the secret while they run, add a second line to the file, wait, make it the first, wait, and remove the other.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
)

func main() {
	config := cluster.Flags(flag.CommandLine)
	fresh := flag.Bool("new", false, "print a new secret and end")
	flag.Parse()
	if *fresh {
		fmt.Println(cluster.NewSecret())
		return
	}
	config.Logger = zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: time.TimeOnly}).
		Level(zerolog.InfoLevel).With().Timestamp().Logger()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *config); err != nil {
		fmt.Fprintln(os.Stderr, "secret:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, config cluster.Config) error {
	node, err := cluster.Start(ctx, config)
	if err != nil {
		return err
	}
	fmt.Printf("%s gossips at %s\n", node.Name(), node.Address())
	var before []cluster.SecretUse
	for tick := time.Tick(time.Second); ctx.Err() == nil; {
		if now := node.Secrets(); !slices.Equal(now, before) {
			before = now
			for _, secret := range now {
				fmt.Printf("secret %s: used here %v, used by %d peers\n", secret.ID, secret.Used, secret.Peers)
			}
		}
		select {
		case <-tick:
		case <-ctx.Done():
		}
	}
	// A peer that does not answer is no failure of this process.
	if err := node.Leave(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "secret:", err)
	}
	return nil
}
