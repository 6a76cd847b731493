// Command fromconsul shows the move from Go kit's sd/consul: one line, the Instancer, changes. All that stands on it is
// stock Go kit. It calls "stringsvc" of the example beside this one, by round robin and with kit's own retries.
//
//	go run ./examples/stringsvc -gossip.bind 127.0.0.1:7946
//	go run ./examples/fromconsul -gossip.join 127.0.0.1:7946
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	kitendpoint "github.com/go-kit/kit/endpoint"
	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/lb"
	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/go-kit/log"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/endpoint"
)

func main() {
	config := cluster.Flags(flag.CommandLine)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *config, log.NewLogfmtLogger(os.Stderr)); err != nil {
		fmt.Fprintln(os.Stderr, "fromconsul:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, config cluster.Config, logger log.Logger) error {
	node, err := cluster.Start(ctx, config)
	if err != nil {
		return err
	}
	defer node.Close()

	// Was: instancer := consul.NewInstancer(client, logger, "stringsvc", nil, true)
	instancer := endpoint.NewInstancer(node.View(), "stringsvc")

	endpointer := sd.NewEndpointer(instancer, uppercase, logger)
	call := lb.Retry(3, 500*time.Millisecond, lb.NewRoundRobin(endpointer))

	for tick := time.Tick(time.Second); ctx.Err() == nil; {
		select {
		case <-tick:
			if answer, err := call(ctx, map[string]string{"s": "hello"}); err == nil {
				fmt.Println(answer)
			} else {
				logger.Log("err", err)
			}
		case <-ctx.Done():
		}
	}

	endpointer.Close()
	instancer.Stop()
	shutdown, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, err := range []error{node.Drain(shutdown), node.Leave(shutdown)} {
		if err != nil { // a peer that does not answer is no failure of this process
			logger.Log("msg", "ending", "err", err)
		}
	}
	return nil
}

// uppercase is the factory that worked with Consul, unchanged.
func uppercase(instance string) (kitendpoint.Endpoint, io.Closer, error) {
	target := &url.URL{Scheme: "http", Host: instance, Path: "/uppercase"}
	return kithttp.NewClient(http.MethodPost, target, kithttp.EncodeJSONRequest, decodeAnswer).Endpoint(), nil, nil
}

func decodeAnswer(_ context.Context, r *http.Response) (any, error) {
	var answer struct{ V string }
	err := json.NewDecoder(r.Body).Decode(&answer)
	return answer.V, err
}
