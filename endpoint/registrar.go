package endpoint

import (
	"sync"

	"github.com/go-kit/kit/sd"
	"github.com/go-kit/log"

	"github.com/grapevine-go/grapevine/membership"
)

var _ sd.Registrar = (*Registrar)(nil)

// Registry is where a [Registrar] registers: a cluster.Node.
type Registry interface {
	Register(membership.Service) (membership.Registration, error)
}

// Registrar offers one service, in Go kit's terms. Those have no errors: what goes wrong is logged. Where an error
// matters, register with the node itself.
type Registrar struct {
	registry Registry
	service  membership.Service
	logger   log.Logger

	mu           sync.Mutex
	registration membership.Registration // nil while not registered
}

// NewRegistrar returns a Registrar that offers service at registry. Without a logger nothing is
// logged. It panics without a registry.
func NewRegistrar(registry Registry, service membership.Service, logger log.Logger) *Registrar {
	if registry == nil {
		panic("endpoint: NewRegistrar: the registry is nil: use a cluster.Node")
	}
	if logger == nil {
		logger = log.NewNopLogger()
	}
	return &Registrar{registry: registry, service: service,
		logger: log.With(logger, "service", service.Name, "address", service.Address)}
}

// Register offers the service, unless it is on offer already.
func (r *Registrar) Register() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.registration != nil {
		return
	}
	registration, err := r.registry.Register(r.service)
	if err != nil {
		r.logger.Log("action", "register", "err", err)
		return
	}
	r.registration = registration
	r.logger.Log("action", "register")
}

// Deregister takes the service off the offer. It is safe to call twice.
func (r *Registrar) Deregister() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.registration == nil {
		return
	}
	if err := r.registration.Deregister(); err != nil {
		r.logger.Log("action", "deregister", "err", err)
		return
	}
	r.registration = nil
	r.logger.Log("action", "deregister")
}
