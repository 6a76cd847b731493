// Command shop runs three Go kit services as processes that find each other by name, sends them a
// load, kills one process with calls in flight, stops another one in good order, and checks that no
// order was lost and none stored twice:
//
//	go run ./examples/shop
//	go run ./examples/shop -length 30s -rate 100 -kill pricing-2 -stop catalog-1
//
// The processes are this program again, with the name of a service as first argument.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/grapevine-go/grapevine/examples/shop/catalog"
	"github.com/grapevine-go/grapevine/examples/shop/orders"
	"github.com/grapevine-go/grapevine/examples/shop/orders/sqlite"
	"github.com/grapevine-go/grapevine/examples/shop/pricing"
	"github.com/grapevine-go/grapevine/examples/shop/process"
)

func main() {
	serve(os.Args[1:])
	var o options
	flag.DurationVar(&o.length, "length", 6*time.Second, "how long the load lasts, or longer until the last process is back")
	flag.IntVar(&o.rate, "rate", 40, "calls a second")
	flag.StringVar(&o.kill, "kill", "orders-1", "process that is killed after a third of the time, or none")
	flag.StringVar(&o.stop, "stop", "orders-2", "process that is stopped with SIGTERM after two thirds, or none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if _, err := show(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

// serve runs the service that the first argument names and ends the program. Without such an
// argument it does nothing.
func serve(args []string) {
	if len(args) == 0 {
		return
	}
	switch args[0] {
	case catalog.Name:
		process.Main(catalog.Process(catalog.New(catalog.Products...)), args[1:])
	case pricing.Name:
		process.Main(pricing.Process(pricing.New(pricing.Cents)), args[1:])
	case orders.Name:
		process.Main(orders.Process(sqlite.OpenStore), args[1:])
	}
}
