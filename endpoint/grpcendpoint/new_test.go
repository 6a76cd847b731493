package grpcendpoint

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/membership"
)

func TestNewRefuses(t *testing.T) {
	view := membership.NewStore("me").View()
	plain := Dial(grpc.WithTransportCredentials(insecure.NewCredentials()))
	for name, tt := range map[string]struct {
		view    *membership.View
		service string
		policy  balancer.Policy
		options []Option
		want    string // "" for no error
	}{
		"nothing":        {view, "users", balancer.RoundRobin(), []Option{plain}, ""},
		"an odd name":    {view, "users-v2.old_one", balancer.RoundRobin(), []Option{plain}, ""},
		"no view":        {nil, "users", balancer.RoundRobin(), []Option{plain}, "view"},
		"no policy":      {view, "users", nil, []Option{plain}, "policy"},
		"no option":      {view, "users", balancer.RoundRobin(), []Option{plain, nil}, "option"},
		"no dial option": {view, "users", balancer.RoundRobin(), []Option{plain, Dial(nil)}, "dial option"},
		"no with option": {view, "users", balancer.RoundRobin(), []Option{plain, With(nil)}, "balancer option"},
		"no filter":      {view, "users", balancer.RoundRobin(), []Option{plain, Where(nil)}, "filter"},
		"no name":        {view, "", balancer.RoundRobin(), []Option{plain}, `service name ""`},
		"a path":         {view, "a/b", balancer.RoundRobin(), []Option{plain}, `service name "a/b"`},
		"a port":         {view, "a:80", balancer.RoundRobin(), []Option{plain}, `service name "a:80"`},
		"upper case":     {view, "Users", balancer.RoundRobin(), []Option{plain}, `service name "Users"`},
		"no credentials": {view, "users", balancer.RoundRobin(), nil, "no transport security"},
		"another config": {
			view, "users", balancer.RoundRobin(),
			[]Option{plain, config(`{"loadBalancingConfig": [{"round_robin": {}}]}`)}, "round_robin"},
		"its older form": {
			view, "users", balancer.RoundRobin(),
			[]Option{plain, config(`{"LoadBalancingPolicy": "round_robin"}`)}, "round_robin"},
		"the second": {
			view, "users", balancer.RoundRobin(),
			[]Option{plain, config(`{"loadBalancingConfig": [{"grapevine": {}}, {"pick_first": {}}]}`)}, "pick_first"},
		"our own": {
			view, "users", balancer.RoundRobin(),
			[]Option{plain, config(`{"loadBalancingConfig": [{"grapevine": {}}]}`)}, ""},
		"a config of not": {
			view, "users", balancer.RoundRobin(),
			[]Option{plain, config(`{"loadBalancingConfig": null}`)}, ""},
		"no JSON": {view, "users", balancer.RoundRobin(), []Option{plain, config(`{`)}, "service config"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := New(tt.view, tt.service, tt.policy, tt.options...)
			if err == nil {
				conn.Close()
			}
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("New: %v, want an error with %q", err, tt.want)
			}
			var field *membership.FieldError
			if tt.view == nil && !errors.As(err, &field) {
				t.Errorf("New: %T, want a FieldError", err)
			}
		})
	}
}

func config(json string) Option { return Dial(grpc.WithDefaultServiceConfig(json)) }

// What the view holds is there for the first call, whatever the scheduler does.
func TestFirstCallFindsWhatTheViewHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown(t, "a")
		for range 500 {
			client := town.client(t, balancer.LeastRequest())
			if _, err := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// An RPC that finds nobody says why, and of which service.
func TestWhyThereIsNobody(t *testing.T) {
	v2 := WithVersion("v2")
	for name, tt := range map[string]struct {
		prepare func(*town)
		options []Option
		want    string
	}{
		"alone": {func(*town) {}, nil, "not connected to any other"},
		"nobody offers it": {
			func(town *town) { town.join("a", membership.Service{}); town.rename("a") }, nil, "no member offers it"},
		"one does not match": {
			func(town *town) { town.join("a", membership.Service{}) }, []Option{v2}, "the only instance does not match"},
		"none matches": {
			func(town *town) { town.join("a", membership.Service{}); town.join("b", membership.Service{}) },
			[]Option{v2}, "none of its 2 instances"},
		"cut off": {
			func(town *town) { town.join("a", membership.Service{}); town.rename("a"); town.lose("a") }, nil, "cut off from every peer"},
		"one cannot be called": {
			func(town *town) { town.join("a", membership.Service{}); town.kill("a") }, nil, "connection refused"},
		"none can be called": {func(town *town) {
			town.join("a", membership.Service{})
			town.join("b", membership.Service{})
			town.kill("a")
			town.kill("b")
		}, nil, `none of the 2 instances of service "users" can be reached, last error: `},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town := newTown(t)
				tt.prepare(town)
				client := town.client(t, balancer.RoundRobin(), tt.options...)
				_, err := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
				if text := err.Error(); status.Code(err) != codes.Unavailable || !strings.Contains(text, tt.want) ||
					!strings.Contains(text, `service "users"`) {
					t.Errorf("the error is %v, want Unavailable, the service and %q", err, tt.want)
				}
				err = call(t, client) // waits
				if status.Code(err) != codes.DeadlineExceeded || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("a call that waits ends with %v, want DeadlineExceeded and %q", err, tt.want)
				}
			})
		})
	}
}

// rename has a member offer something else; lose has it fall silent.
func (town *town) rename(name string) {
	town.edit(name, func(r *membership.Record) { r.Services[0].Name = "other" })
}

func (town *town) lose(name string) {
	r, _ := town.Record(name)
	town.Apply(membership.Down{Name: name, BootID: r.Boot.ID})
}
