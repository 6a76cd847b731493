package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/examples/shop/orders"
)

// TestShow has processes killed while orders are in flight, and others stopped in good order. Orders
// without a key may then remain without an answer, but no connection breaks where processes are only
// stopped.
func TestShow(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]options{
		"orders killed":  {kill: "orders-1", stop: "orders-2"},
		"pricing killed": {kill: "pricing-2", stop: "catalog-1"},
		"orders stopped": {kill: none, stop: "orders-1"},
	} {
		t.Run(name, func(t *testing.T) {
			o.length, o.rate = 4*time.Second, 20 // what two busy cores can do under the race detector
			var out bytes.Buffer
			r, err := show(t.Context(), o, &out)
			if err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			v := r.verdict
			if len(v.lost) > 0 || len(v.twice) > 0 || len(v.strange) > 0 {
				t.Errorf("lost %q, stored twice %q, stored though refused %q", v.lost, v.twice, v.strange)
			}
			if len(r.failed) > 0 {
				t.Errorf("calls failed: %q", r.failed)
			}
			if v.stored < 20 {
				t.Errorf("%d orders are stored: there was no load", v.stored)
			}
			if o.kill == none && len(v.cutOff) > 0 {
				t.Errorf("orders whose connection broke, though no process was killed: %q", v.cutOff)
			}
			for _, service := range services {
				if !strings.Contains(strings.Join(r.trace, "\n"), " "+service+"-") {
					t.Errorf("the request is not in the log of %s: %q", service, r.trace)
				}
			}
			says := []string{o.stop + " has drained and ended", o.stop + " is back", "all processes have drained and ended"}
			if o.kill != none {
				says = append(says, "kill -9", o.kill+" is gone from the view", o.kill+" is back")
			}
			for _, said := range says {
				if !strings.Contains(out.String(), said) {
					t.Errorf("the show does not say %q:\n%s", said, &out)
				}
			}
		})
	}
}

func TestCompare(t *testing.T) {
	order := func(reference, id string) orders.Order { return orders.Order{ID: id, Reference: reference} }
	sent := func(reference, id string, o outcome) intent {
		return intent{cart: orders.Cart{Reference: reference}, outcome: o, order: order(reference, id)}
	}
	two := []orders.Order{order("a", "1"), order("a", "2")}
	for name, tt := range map[string]struct {
		intents              []intent
		stored               []orders.Order
		lost, twice, strange int
	}{
		"as placed":                {[]intent{sent("a", "1", placed)}, []orders.Order{order("a", "1")}, 0, 0, 0},
		"not stored":               {[]intent{sent("a", "1", placed)}, nil, 1, 0, 0},
		"stored as another":        {[]intent{sent("a", "1", placed)}, []orders.Order{order("a", "2")}, 1, 0, 0},
		"stored twice":             {[]intent{sent("a", "1", placed)}, two, 0, 1, 0},
		"refused":                  {[]intent{sent("a", "", refused)}, nil, 0, 0, 0},
		"refused and stored":       {[]intent{sent("a", "", refused)}, []orders.Order{order("a", "1")}, 0, 0, 1},
		"never sent":               {nil, []orders.Order{order("a", "1")}, 0, 0, 1},
		"unknown, not stored":      {[]intent{sent("a", "", unknown)}, nil, 0, 0, 0},
		"unknown, stored":          {[]intent{sent("a", "", unknown)}, []orders.Order{order("a", "1")}, 0, 0, 0},
		"unknown and stored twice": {[]intent{sent("a", "", unknown)}, two, 0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			v := compare(tt.intents, tt.stored)
			if len(v.lost) != tt.lost || len(v.twice) != tt.twice || len(v.strange) != tt.strange {
				t.Errorf("got %+v", v)
			}
			if v.holds() != (tt.lost+tt.twice+tt.strange == 0) {
				t.Errorf("holds is %v", v.holds())
			}
		})
	}
}

func TestOptions(t *testing.T) {
	good := options{length: 4 * time.Second, rate: 50, kill: "orders-1", stop: none}
	for name, tt := range map[string]struct {
		change func(*options)
		names  string // in the error; "" for none
	}{
		"good":       {func(*options) {}, ""},
		"kill none":  {func(o *options) { o.kill = none }, ""},
		"too short":  {func(o *options) { o.length = time.Second }, "-length 1s"},
		"no rate":    {func(o *options) { o.rate = 0 }, "-rate 0"},
		"kill other": {func(o *options) { o.kill = "orders" }, "-kill orders"},
		"stop other": {func(o *options) { o.stop = "orders-3" }, "-stop orders-3"},
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			tt.change(&o)
			if err := o.check(); (err == nil) != (tt.names == "") || err != nil && !strings.Contains(err.Error(), tt.names) {
				t.Errorf("error %v, want it to name %q", err, tt.names)
			}
		})
	}
}
