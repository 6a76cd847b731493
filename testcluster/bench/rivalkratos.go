package main

import (
	"context"
	"strconv"

	"github.com/go-kratos/kratos/v2/errors"
	"github.com/go-kratos/kratos/v2/registry"
	"github.com/go-kratos/kratos/v2/selector"
	kratosp2c "github.com/go-kratos/kratos/v2/selector/p2c"

	"github.com/grapevine-go/grapevine/balancer"
)

var kratosMaker = maker{name: "kratos p2c", make: func(setup) (rival, error) { return &kratosRival{kratosp2c.New()}, nil }}

type kratosRival struct{ selector.Selector }

// kratosNode is a node with a number.
type kratosNode struct {
	selector.Node
	id int
}

func (k *kratosRival) update(backends []backend) error {
	nodes := make([]selector.Node, len(backends))
	for i, b := range backends {
		instance := &registry.ServiceInstance{ID: b.key, Metadata: map[string]string{"weight": strconv.Itoa(b.weight)}}
		nodes[i] = kratosNode{selector.NewNode("http", b.key, instance), b.id}
	}
	k.Apply(nodes)
	return nil
}

func (k *kratosRival) pick(c call) (ticket, bool) {
	node, done, err := k.Select(c.ctx)
	if err != nil {
		return ticket{}, false
	}
	return ticket{id: node.(kratosNode).id, kratos: done}, true
}

var errKratosFailed = errors.ServiceUnavailable("failed", "")

func (k *kratosRival) done(t ticket, r result) {
	var info selector.DoneInfo
	switch r.outcome {
	case balancer.Failure:
		info.Err = errKratosFailed
	case balancer.Canceled:
		info.Err = context.Canceled
	}
	t.kratos(context.Background(), info)
}

func (k *kratosRival) close() {}
