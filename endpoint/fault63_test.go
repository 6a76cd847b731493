package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/endpoint"
	"github.com/grapevine-go/grapevine/membership"
)

// remote is not at loopback, where net/http uses no proxy in any case. It is not dialled.
const remote = "10.255.255.1:8080"

// Row 63 of the fault catalogue: calls between members go straight, whatever the environment says
// of proxies. A Base with a proxy uses it, and the proxy is asked for the instance. net/http
// reads the environment once in a process.
func TestFault63_ProxyOfTheEnvironment(t *testing.T) {
	if os.Getenv("FAULT63") != "" {
		callRemote(os.Getenv("FAULT63"))
		return
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect { // the status line is in the error
			conn, _, _ := w.(http.Hijacker).Hijack()
			fmt.Fprintf(conn, "HTTP/1.1 502 asked to connect to %s\r\n\r\n", r.RequestURI)
			conn.Close()
			return
		}
		fmt.Fprintf(w, "the proxy was asked for %s of %s.", r.RequestURI, r.Host)
	}))
	defer proxy.Close()
	for _, scheme := range []string{"http", "https"} {
		for name, want := range map[string]string{
			"no Base":          "nobody answered: dialled " + remote,
			"DefaultTransport": "the proxy was asked for http://" + remote + "/x of " + remote + ".",
			"own Host":         "the proxy was asked for http://other/x of other.",
		} {
			if scheme == "https" && name != "no Base" {
				want = "asked to connect to " + remote
			}
			t.Run(scheme+", "+name, func(t *testing.T) {
				child := exec.Command(os.Args[0], "-test.run=^TestFault63_ProxyOfTheEnvironment$")
				child.Env = append(os.Environ(), "FAULT63="+scheme+","+name, "NO_PROXY=", "no_proxy=")
				for _, variable := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
					child.Env = append(child.Env, variable+"="+proxy.URL, strings.ToLower(variable)+"="+proxy.URL)
				}
				output, _ := child.CombinedOutput()
				if !strings.Contains(string(output), want) {
					t.Errorf("a call to %s: %s, want %q", remote, output, want)
				}
			})
		}
	}
}

// callRemote prints who answered.
func callRemote(how string) {
	scheme, name, _ := strings.Cut(how, ",")
	store := membership.NewStore("me")
	record := membership.Record{Name: "a", Boot: membership.Boot{Number: 1, ID: 1}, Version: 1}
	record.Services = []membership.Service{{Name: "users", Address: remote}}
	store.Apply(membership.Heard{Record: record}, membership.Up{Name: "a", BootID: 1})
	transport := &endpoint.Transport{View: store.View(), RetryOptions: []endpoint.RetryOption{endpoint.MaxAttempts(1)}}
	if name != "no Base" {
		transport.Base = http.DefaultTransport
	} else { // which a clone of it keeps
		http.DefaultTransport.(*http.Transport).DialContext = func(_ context.Context, _, address string) (net.Conn, error) {
			return nil, errors.New("dialled " + address)
		}
	}
	request, _ := http.NewRequest(http.MethodGet, scheme+"://users/x", nil)
	if name == "own Host" {
		request.Host = "other"
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		fmt.Println("nobody answered:", err)
		os.Exit(0)
	}
	body, _ := io.ReadAll(response.Body)
	fmt.Println(string(body))
	os.Exit(0) // past the check for goroutines of the connection
}
