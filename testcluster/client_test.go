package testcluster_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/balancer"
	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/testcluster"
)

// named answers with the name of the member that serves.
func named(m *testcluster.Member) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, m.Name()) })
}

// caller is an endpoint that calls service as m would, with retries.
func caller(t *testing.T, m *testcluster.Member, service string) endpoint.Endpoint {
	endpointer := endpoint.NewEndpointer(m.View(), service, factoryOf(m.Client()))
	t.Cleanup(endpointer.Close)
	return endpoint.Retry(endpoint.NewBalancer(endpointer, balancer.RoundRobin()),
		endpoint.MaxAttempts(3), endpoint.Budget(10), endpoint.PerTryTimeout(100*time.Millisecond))
}

func get(ctx context.Context, client *http.Client, address string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// callEvery calls n times, an interval apart, and counts who answered and what failed.
func callEvery(t *testing.T, call endpoint.Endpoint, interval time.Duration, n int) map[string]int {
	answers := make(map[string]int)
	for range n {
		answer, err := call(within(t, time.Second), nil)
		if err != nil {
			answer = fmt.Sprintf("error: %v", err)
		}
		answers[answer.(string)]++
		time.Sleep(interval)
	}
	return answers
}

// TestEndpointThroughAPartition holds that calls go on, to those that can be reached.
func TestEndpointThroughAPartition(t *testing.T) {
	virtual(t, 6, func(t *testing.T, c *testcluster.Cluster) {
		call := caller(t, c.Members[0], "names")
		time.Sleep(time.Second) // the endpointer's goroutine has run
		if got := callEvery(t, call, 0, 60); len(got) != 6 {
			t.Errorf("before the cut: %v, want all six", got)
		}
		c.Cut(c.Members[:4], c.Members[4:])
		c.AwaitViews(time.Minute, c.Members[:4], func(s view) bool { return len(s.Addresses("names")) == 4 })
		if got := callEvery(t, call, 0, 60); len(got) != 4 || got["m5"] > 0 || got["m6"] > 0 {
			t.Errorf("during the cut: %v, want the first four", got)
		}
		c.Heal()
		c.AwaitConverged(time.Minute)
		if got := callEvery(t, call, time.Second, 60); got["m5"] == 0 || got["m6"] == 0 {
			t.Errorf("after the heal: %v, want all six", got)
		}
	}, testcluster.WithService("names", named))
}

// TestEndpointThroughACrash holds that no call fails when an instance does: the first to be refused is called elsewhere.
func TestEndpointThroughACrash(t *testing.T) {
	virtual(t, 4, func(t *testing.T, c *testcluster.Cluster) {
		call := caller(t, c.Members[0], "names")
		time.Sleep(time.Second)
		callThroughACrash(t, c, call)
	}, testcluster.WithService("names", named))
}

// callThroughACrash calls four members while the host of the third one crashes.
func callThroughACrash(t *testing.T, c *testcluster.Cluster, call endpoint.Endpoint) {
	t.Helper()
	crashed := c.Members[2]
	time.AfterFunc(time.Second, crashed.Host.Crash)
	got := callEvery(t, call, 10*time.Millisecond, 300)
	if got["m1"]+got["m2"]+got["m3"]+got["m4"] != 300 || got["m3"] == 0 || got["m3"] > 50 {
		t.Errorf("answers: %v", got)
	}
	c.Kill(crashed)
	c.AwaitConverged(time.Second)
}

// TestTransportThroughACrash is the same with an http.Client that calls the service by its name.
func TestTransportThroughACrash(t *testing.T) {
	virtual(t, 4, func(t *testing.T, c *testcluster.Cluster) {
		transport := &endpoint.Transport{View: c.Members[0].View(), Base: c.Members[0].Client().Transport,
			RetryOptions: []endpoint.RetryOption{endpoint.PerTryTimeout(100 * time.Millisecond), endpoint.Budget(10)}}
		defer transport.Close()
		client := &http.Client{Transport: transport}
		call := func(ctx context.Context, _ any) (any, error) { return get(ctx, client, "names") }
		callThroughACrash(t, c, call)
	}, testcluster.WithService("names", named))
}
