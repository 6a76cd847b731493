package orders

import (
	"context"
	"flag"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/examples/shop/catalog"
	"github.com/grapevine-go/grapevine/examples/shop/pricing"
	"github.com/grapevine-go/grapevine/examples/shop/process"
)

// Process is a process that offers the service, with the store that open opens. It calls catalog and
// pricing by name.
func Process(open func(ctx context.Context, path string) (Store, func(), error)) process.Service {
	var path string
	return process.Service{
		Name: Name,
		Flags: func(flags *flag.FlagSet) {
			flags.StringVar(&path, "db", "orders.db", "file of the orders, the same for all processes of this host")
		},
		Build: func(p *process.Process) (cluster.Offer, error) {
			store, closeStore, err := open(p.Node.Context(), path)
			if err != nil {
				return cluster.Offer{}, err
			}
			p.OnEnd(closeStore)
			products := catalog.NewClient(p.Node.View(), p.Guard.Logger)
			p.OnEnd(products.Close)
			prices, err := pricing.NewClient(p.Node.View())
			if err != nil {
				return cluster.Offer{}, err
			}
			p.OnEnd(prices.Close)
			return p.HTTP(Handler(New(store, products, prices), p.Guard, store.Ping))
		},
	}
}
