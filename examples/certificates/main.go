// Command certificates is a member of a cluster whose members show certificates of your own: it says who is there. Make
// some to try, and run it in two terminals:
//
//	go run ./examples/certs -dir certs alice bob
//	go run ./examples/certificates -certs certs -gossip.name alice -gossip.bind 127.0.0.1:7946 -gossip.cluster shop
//	go run ./examples/certificates -certs certs -gossip.name bob -gossip.join 127.0.0.1:7946 -gossip.cluster shop
//
// A member under a name that its certificate does not hold is refused.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster"
)

func main() {
	config := cluster.Flags(flag.CommandLine)
	folder := flag.String("certs", "certs", "folder with NAME.pem, NAME.key and ca.pem")
	flag.Parse()
	config.CertFile = filepath.Join(*folder, config.Name+".pem")
	config.KeyFile = filepath.Join(*folder, config.Name+".key")
	config.CAFile = filepath.Join(*folder, "ca.pem")
	config.Logger = zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: time.TimeOnly}).
		Level(zerolog.InfoLevel).With().Timestamp().Logger()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *config); err != nil {
		fmt.Fprintln(os.Stderr, "certificates:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, config cluster.Config) error {
	node, err := cluster.Start(ctx, config)
	if err != nil {
		return err
	}
	fmt.Printf("%s gossips at %s\n", node.Name(), node.Address())
	for snapshot := range node.View().Follow(ctx) {
		var names []string
		for _, member := range snapshot.Members() {
			names = append(names, member.Name)
		}
		fmt.Println("members:", strings.Join(names, " "))
	}
	// A peer that does not answer is no failure of this process.
	if err := node.Leave(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "certificates:", err)
	}
	return nil
}
