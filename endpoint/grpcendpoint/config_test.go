package grpcendpoint

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/grapevine-go/grapevine/balancer"
)

const retries = `"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 4, "initialBackoff": "0.01s",
	"maxBackoff": "0.05s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]`

// The caller's retry policy holds, and so does the policy of New.
func TestServiceConfigIsMerged(t *testing.T) {
	for name, options := range map[string][]grpc.DialOption{
		"alone":        {grpc.WithDefaultServiceConfig(`{` + retries + `}`)},
		"and disabled": {grpc.WithDefaultServiceConfig(`{` + retries + `}`), grpc.WithDisableServiceConfig()},
		"with ours":    {grpc.WithDefaultServiceConfig(`{"LoadBalancingConfig": [{"grapevine": {}}], ` + retries + `}`)},
		"given twice":  {grpc.WithDefaultServiceConfig(`{}`), grpc.WithDefaultServiceConfig(`{` + retries + `}`)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town := newTown(t, "a", "b", "c")
				client := town.client(t, balancer.RoundRobin(), Dial(options...))
				call(t, client)
				settle()
				if got := town.called(t, client, 30); got["a:80"] != 10 || got["b:80"] != 10 || got["c:80"] != 10 {
					t.Errorf("called %v, want each 10 times", got)
				}
				town.answer = func(_ context.Context, address string) error {
					if address == "a:80" {
						return status.Error(codes.Unavailable, "on purpose")
					}
					return nil
				}
				for range 30 {
					if err := call(t, client); err != nil {
						t.Fatalf("not retried: %v", err)
					}
				}
			})
		})
	}
}

// gRPC keeps a default service config where we look for it.
func TestDefaultConfigIsFound(t *testing.T) {
	for _, want := range []string{"", `{"methodConfig": []}`} {
		options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
		if want != "" {
			options = append(options, grpc.WithDefaultServiceConfig(want))
		}
		conn, err := grpc.NewClient("passthrough:///x", options...)
		if err != nil {
			t.Fatal(err)
		}
		if got, known := defaultConfig(conn); got != want || !known {
			t.Errorf("found %q, %t, want %q", got, known, want)
		}
		conn.Close()
	}
}

// With a healthCheckConfig an instance that says NOT_SERVING takes no calls, until it says otherwise.
func TestHealthChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown(t, "a", "b")
		town.health.SetServingStatus("users", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
		conn := town.connect(t, balancer.RoundRobin(), config(`{"healthCheckConfig": {"serviceName": "users"}}`))
		client := grpc_health_v1.NewHealthClient(conn)
		_, err := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
		if status.Code(err) != codes.Unavailable {
			t.Errorf("while none serves: %v", err)
		}
		if told := town.reported(); len(told) > 0 {
			t.Errorf("the node is told %q", told)
		}
		town.health.SetServingStatus("users", grpc_health_v1.HealthCheckResponse_SERVING)
		time.Sleep(time.Second)
		if got := town.called(t, client, 10); got["a:80"] != 5 || got["b:80"] != 5 {
			t.Errorf("called %v once they serve", got)
		}
	})
}
