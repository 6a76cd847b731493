package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/examples/shop/auth"
	"github.com/grapevine-go/grapevine/examples/shop/catalog"
	"github.com/grapevine-go/grapevine/examples/shop/orders"
	"github.com/grapevine-go/grapevine/examples/shop/pricing"
	"github.com/grapevine-go/grapevine/membership"
)

const (
	clusterName = "shop"
	patience    = 30 * time.Second // for a process to start, or to end
)

var (
	services  = []string{catalog.Name, pricing.Name, orders.Name}
	processes = []string{"catalog-1", "catalog-2", "pricing-1", "pricing-2", "orders-1", "orders-2"}
)

// fleet is the processes of the show, and the member of the cluster through which it calls them.
type fleet struct {
	dir     string // holds the secrets, the orders and the logs
	node    *cluster.Node
	issuer  *auth.Issuer
	running map[string]*child
}

// child is a process that was started. ended is closed once it has ended, with err.
type child struct {
	command *exec.Cmd
	ended   chan struct{}
	err     error
}

// newFleet writes the secrets into dir and starts the member that the processes join.
func newFleet(ctx context.Context, dir string) (*fleet, error) {
	f := &fleet{dir: dir, running: make(map[string]*child)}
	var err error
	if f.issuer, err = auth.NewIssuer(); err != nil {
		return nil, err
	}
	keys, err := f.issuer.PublicKey()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(
		os.WriteFile(f.path("keys.pem"), keys, 0o600),
		os.WriteFile(f.path("secret.txt"), []byte(cluster.NewSecret()), 0o600),
	); err != nil {
		return nil, err
	}
	f.node, err = cluster.Start(ctx, cluster.Config{
		Name: "customers", Cluster: clusterName, SecretFile: f.path("secret.txt"),
	})
	return f, err
}

func (f *fleet) path(name string) string { return filepath.Join(f.dir, name) }

// start starts the process with this name, such as orders-1.
func (f *fleet) start(name string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(f.path(name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own
	service := serviceOf(name)
	args := []string{service, "-gossip.name", name, "-gossip.cluster", clusterName, "-gossip.join", f.node.Address(),
		"-gossip.secret-file", f.path("secret.txt"), "-keys", f.path("keys.pem")}
	if service == orders.Name {
		args = append(args, "-db", f.path("orders.db"))
	}
	c := &child{command: exec.Command(program, args...), ended: make(chan struct{})}
	c.command.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "GOSSIP_") // they are defaults of the flags
	})
	c.command.Stdout, c.command.Stderr = log, log
	if err := c.command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		c.err = c.command.Wait()
		close(c.ended)
	}()
	f.running[name] = c
	return nil
}

// kill ends a process with SIGKILL, and returns its process ID.
func (f *fleet) kill(name string) (pid int, err error) {
	c := f.running[name]
	delete(f.running, name)
	err = c.command.Process.Kill()
	<-c.ended
	return c.command.Process.Pid, err
}

// stopAll stops all processes: callers before the services that they call.
func (f *fleet) stopAll() error {
	for _, service := range slices.Backward(services) {
		var names []string
		for name := range f.running {
			if serviceOf(name) == service {
				names = append(names, name)
			}
		}
		if err := f.stop(names...); err != nil {
			return err
		}
	}
	return nil
}

// stop asks processes to end, and waits. A process that fails, or does not end, is an error.
func (f *fleet) stop(names ...string) error {
	var errs []error
	limit := time.After(patience)
	for _, name := range names {
		errs = append(errs, f.running[name].command.Process.Signal(syscall.SIGTERM))
	}
	for _, name := range names {
		c := f.running[name]
		select {
		case <-c.ended:
			delete(f.running, name)
			if c.err != nil {
				errs = append(errs, fmt.Errorf("%s ended: %w", name, c.err))
			}
		case <-limit:
			errs = append(errs, fmt.Errorf("%s has not ended %v after SIGTERM", name, patience))
		}
	}
	return errors.Join(errs...)
}

// close ends what is left. It is safe to call twice.
func (f *fleet) close() {
	for name := range f.running {
		_, _ = f.kill(name) // an error only says that it has ended
	}
	_ = f.node.Close()
}

// await waits until the view lists a process, or no longer lists it. It fails if the process ends.
func (f *fleet) await(ctx context.Context, name string, listed bool) error {
	var work sync.WaitGroup
	defer work.Wait()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if c := f.running[name]; c != nil {
		work.Go(func() {
			select {
			case <-c.ended:
				cancel()
			case <-ctx.Done():
			}
		})
	}
	for snapshot := range f.node.View().Follow(ctx) {
		if listed == slices.ContainsFunc(snapshot.Instances(serviceOf(name)), func(i membership.Instance) bool {
			return i.Member == name
		}) {
			return nil
		}
	}
	return fmt.Errorf("%s: not listed as expected: %w: see its log", name, context.Cause(ctx))
}

func serviceOf(name string) string {
	service, _, _ := strings.Cut(name, "-")
	return service
}
