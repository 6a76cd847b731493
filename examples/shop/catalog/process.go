package catalog

import (
	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/examples/shop/process"
)

// Process is a process that offers service.
func Process(service Service) process.Service {
	return process.Service{Name: Name, Build: func(p *process.Process) (cluster.Offer, error) {
		return p.HTTP(Handler(service, p.Guard))
	}}
}
