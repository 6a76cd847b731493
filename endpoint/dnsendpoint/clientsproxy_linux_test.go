package dnsendpoint_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-go/grapevine/membership"
)

// site serves HTTP on a host and port of its own, and answers with its name.
func site(t *testing.T, name, address string) *httptest.Server {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, name) }))
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// get returns the answer to a GET on a connection of its own, or the error.
func get(address string) string {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Get(address)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return fmt.Sprintf("%d %s", response.StatusCode, body)
}

// TestNginx proxies to a service by its name: to the instances of the moment, on a port that is configured.
func TestNginx(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	proxy, one, two := ownHost(), ownHost(), ownHost()
	site(t, "one", one+":8080")
	site(t, "two", two+":8080")
	d.join("catalog-1", membership.Service{Name: "catalog", Address: one + ":8080"})
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o755); err != nil { // workers of root are another user
		t.Fatal(err)
	}
	config := file(t, "nginx.conf", `daemon off;
pid %[1]s/pid;
error_log stderr;
worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  server {
    listen %[2]s:8000;
    resolver %[3]s ipv6=off;
    location / {
      set $catalog catalog.service.%[4]s;
      proxy_pass http://$catalog:8080;
    }
  }
}
`, folder, proxy, d.address, strings.TrimSuffix(zone, "."))
	daemon(t, "nginx", "-c", config, "-p", folder, "-e", "stderr")
	await := func(want string) {
		t.Helper()
		eventually(t, func() string {
			if got := get("http://" + proxy + ":8000/"); got != want {
				return fmt.Sprintf("got %q, want %q", got, want)
			}
			return ""
		})
	}
	await("200 one")
	d.join("catalog-2", membership.Service{Name: "catalog", Address: two + ":8080"})
	await("200 two")
	d.drain("catalog-1")
	eventually(t, func() string { // nginx takes turns
		for range 20 {
			if got := get("http://" + proxy + ":8000/"); got != "200 two" {
				return fmt.Sprintf("got %q from an instance that drains", got)
			}
		}
		return ""
	})
	d.drain("catalog-2")
	d.join("catalog-1", membership.Service{Name: "catalog", Address: one + ":8080"})
	await("200 one")
}

// TestHAProxy fills a template of servers from SRV records. HAProxy drops an answer that is larger than it accepts, by TCP as
// well, where the default is 512 bytes: 200 instances take 15,000.
func TestHAProxy(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	for i := 1; i <= 200; i++ {
		d.join(fmt.Sprintf("catalog-%d", i), membership.Service{Name: "catalog", Weight: 50 * (1 + i%4),
			Address: fmt.Sprintf("127.0.0.%d:%d", i, 8000+i)})
	}
	proxy := ownHost()
	config := file(t, "haproxy.cfg", `global
  stats socket ipv4@%[1]s:9000
resolvers grapevine
  nameserver one tcp@%[2]s
  accepted_payload_size 65535
  hold valid 200ms
  timeout resolve 200ms
  timeout retry 1s
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend all
  bind %[1]s:8000
  default_backend catalog
backend catalog
  server-template catalog- 250 _catalog._tcp.service.%[3]s resolvers grapevine init-addr none resolve-prefer ipv4
`, proxy, d.address, strings.TrimSuffix(zone, "."))
	daemon(t, "haproxy", "-db", "-f", config)

	// servers returns the address and the weight of each server that has an address and is not in maintenance.
	servers := func() map[string]string {
		conn, err := net.Dial("tcp", proxy+":9000")
		if err != nil {
			return nil
		}
		defer conn.Close()
		io.WriteString(conn, "show stat\n")
		table := csv.NewReader(conn)
		table.FieldsPerRecord = -1 // not all rows are equally long
		rows, err := table.ReadAll()
		if err != nil || len(rows) == 0 {
			return nil
		}
		column := func(name string) int { return slices.Index(rows[0], name) }
		found := make(map[string]string)
		for _, row := range rows[1:] {
			if address := row[column("addr")]; address != "" && !strings.HasPrefix(row[column("status")], "MAINT") {
				found[address] = row[column("weight")]
			}
		}
		return found
	}
	await := func(n int, absent string) (found map[string]string) {
		t.Helper()
		eventually(t, func() string {
			found = servers()
			if _, there := found[absent]; len(found) != n || there {
				return fmt.Sprintf("haproxy has %d servers, want %d, without %q: %v", len(found), n, absent, found)
			}
			return ""
		})
		return found
	}
	found := await(200, "")
	for i := 1; i <= 200; i++ {
		address := fmt.Sprintf("127.0.0.%d:%d", i, 8000+i)
		want := [...]string{"64", "128", "192", "255"}[i%4] // weights of 50, 100, 150 and 200
		if found[address] != want {
			t.Errorf("%s has weight %q, want %s", address, found[address], want)
		}
	}
	d.drain("catalog-7")
	await(199, "127.0.0.7:8007")
	d.join("catalog-201", membership.Service{Name: "catalog", Address: "127.0.0.201:8201"})
	await(200, "127.0.0.7:8007")
}
