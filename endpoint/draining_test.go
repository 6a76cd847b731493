package endpoint

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

func drain(town *town) { town.edit("me", func(r *membership.Record) { r.State = membership.Draining }) }

var answers = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "answer") })

// answerTo gives what handler answers to a request over the connection that comes from remote.
func answerTo(handler http.Handler, remote string, edit ...func(*http.Request)) *http.Response {
	request := httptest.NewRequest("GET", "/", nil)
	request.RemoteAddr = remote
	for _, edit := range edit {
		edit(request)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder.Result()
}

func isTold(handler http.Handler, remote string, edit ...func(*http.Request)) bool {
	return answerTo(handler, remote, edit...).Header.Get("Connection") == "close"
}

func TestWhoIsToldToClose(t *testing.T) {
	upgrade := func(r *http.Request) { r.Header.Set("Upgrade", "websocket") }
	for name, tt := range map[string]struct {
		member string
		change func(*town)
		edit   []func(*http.Request)
		want   bool
	}{
		"active":                {"me", func(*town) {}, nil, false},
		"draining":              {"me", drain, nil, true},
		"left":                  {"me", func(town *town) { town.leave("me") }, nil, true},
		"another drains":        {"me", func(town *town) { town.edit("a", func(r *membership.Record) { r.State = membership.Draining }) }, nil, false},
		"the others are gone":   {"me", func(town *town) { town.lose("a", "b") }, nil, false},
		"never heard of":        {"nobody", drain, nil, false},
		"wants another proto":   {"me", drain, []func(*http.Request){upgrade}, false},
		"active, then draining": {"me", func(town *town) { town.join("c"); drain(town) }, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			town := newTown("a", "b")
			handler := CloseWhileDraining(town.View(), tt.member, Spread(0))(answers)
			if isTold(handler, "10.0.0.1:1") {
				t.Error("told before anything happened")
			}
			tt.change(town)
			for range 3 { // each time
				if got := isTold(handler, "10.0.0.1:1", tt.edit...); got != tt.want {
					t.Errorf("told to close: %v, want %v", got, tt.want)
				}
			}
		})
	}
}

// TestLeftBeforeAnyRequest has the member leave before a request has seen it.
func TestLeftBeforeAnyRequest(t *testing.T) {
	town := newTown("a")
	handler := CloseWhileDraining(town.View(), "me", Spread(0))(answers)
	town.leave("me")
	if !isTold(handler, "10.0.0.1:1") {
		t.Error("a member that has left is not told")
	}
}

// TestNotAllAreToldAtOnce counts, on virtual time, how many of a thousand connections are told by when.
func TestNotAllAreToldAtOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		options []DrainingOption
		spread  time.Duration
	}{
		"by default": {nil, 500 * time.Millisecond},
		"longer":     {[]DrainingOption{Spread(10 * time.Second)}, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const connections, parts = 1000, 10
				town := newTown("a")
				handler := CloseWhileDraining(town.View(), "me", tt.options...)(answers)
				drain(town)
				told := make(map[string]bool)
				for part := range parts + 1 {
					fresh := 0
					for i := range connections {
						remote := fmt.Sprintf("10.0.0.1:%d", i)
						now := isTold(handler, remote)
						if told[remote] && !now {
							t.Fatalf("%s was told, and then not any more", remote)
						}
						if now && !told[remote] {
							told[remote] = true
							fresh++
						}
					}
					if mean := connections / parts; part > 0 && (fresh < mean/2 || fresh > mean*2) || part == 0 && fresh > 1 {
						t.Errorf("%d are told by %v, want about %d", fresh, tt.spread*time.Duration(part)/parts, mean)
					}
					time.Sleep(tt.spread / parts)
				}
				if len(told) != connections {
					t.Errorf("after %v, %d of %d are told", tt.spread, len(told), connections)
				}
			})
		})
	}
}

// TestManyFindTheDrainAtOnce is for the race detector, and has one moment count for all.
func TestManyFindTheDrainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town := newTown("a")
		handler := CloseWhileDraining(town.View(), "me")(answers)
		var work sync.WaitGroup
		for i := range 8 {
			work.Go(func() {
				remote := fmt.Sprintf("10.0.0.1:%d", i)
				for range 1000 {
					isTold(handler, remote)
				}
				time.Sleep(defaultSpread)
				for range 100 {
					if !isTold(handler, remote) {
						t.Errorf("%s is not told", remote)
					}
				}
			})
		}
		drain(town)
		isTold(handler, "10.0.0.1:99") // the moment counts from here at the latest
		work.Wait()
	})
}

// serverOf serves handler on loopback, and gives its address and what its client says of a connection.
func serverOf(t *testing.T, handler http.Handler, http2 bool) (*httptest.Server, func() (port string, r *http.Response)) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("From", r.RemoteAddr)
		handler.ServeHTTP(w, r)
	}))
	server.EnableHTTP2 = http2
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, func() (string, *http.Response) {
		t.Helper()
		response, err := server.Client().Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if body, err := io.ReadAll(response.Body); err != nil || string(body) != "answer" {
			t.Errorf("answered %q, %v", body, err)
		}
		return response.Header.Get("From"), response
	}
}

// TestKeptConnectionsMove has a real client keep its connection while the server is active, and not a call longer than
// that.
func TestKeptConnectionsMove(t *testing.T) {
	for name, tt := range map[string]struct {
		http2  bool
		header bool // whether the client sees one
	}{"HTTP/1.1": {false, true}, "HTTP/2": {true, false}} {
		t.Run(name, func(t *testing.T) {
			town := newTown("a")
			_, call := serverOf(t, CloseWhileDraining(town.View(), "me", Spread(0))(answers), tt.http2)
			kept, response := call()
			if response.ProtoMajor == 2 != tt.http2 {
				t.Fatalf("the client speaks %s", response.Proto)
			}
			for range 5 {
				if from, _ := call(); from != kept {
					t.Fatalf("an active server was called from %s and from %s", kept, from)
				}
			}
			drain(town)
			from, response := call()
			if from != kept || response.Close != tt.header {
				t.Errorf("called from %s, closing %v, want %s, %v", from, response.Close, kept, tt.header)
			}
			awaitMove(t, call, from)
		})
	}
}

// awaitMove expects that the client leaves the connection from. With HTTP/2 the server tells it beside its answer, so that a
// call may come before it.
func awaitMove(t *testing.T, call func() (string, *http.Response), from string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if now, _ := call(); now != from {
			return
		}
	}
	t.Error("the client stays with its connection")
}

// TestHandlersKeepTheirWriter flushes and hijacks behind the middleware of a draining server.
func TestHandlersKeepTheirWriter(t *testing.T) {
	town := newTown("a")
	mux := http.NewServeMux()
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first ")
		w.(http.Flusher).Flush()
		io.WriteString(w, "second")
	})
	mux.HandleFunc("/upgrade", func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		buffered.Flush()
		line, _ := buffered.ReadString('\n')
		io.WriteString(conn, line)
	})
	server := httptest.NewServer(CloseWhileDraining(town.View(), "me", Spread(0))(mux))
	defer server.Close()
	drain(town)

	response, err := server.Client().Get(server.URL + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); string(body) != "first second" || err != nil || !response.Close {
		t.Errorf("streamed %q, %v, closing %v", body, err, response.Close)
	}

	request, _ := http.NewRequest("GET", server.URL+"/upgrade", nil)
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", "echo")
	upgraded, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer upgraded.Body.Close()
	conn, ok := upgraded.Body.(io.ReadWriter)
	if !ok || strings.Contains(fmt.Sprint(upgraded.Header["Connection"]), "close") {
		t.Fatalf("the upgrade is answered with %s %v", upgraded.Status, upgraded.Header)
	}
	io.WriteString(conn, "ping\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); line != "ping\n" {
		t.Errorf("echoed %q, %v", line, err)
	}
}

// deaf is a ResponseWriter that costs nothing.
type deaf http.Header

func (d deaf) Header() http.Header         { return http.Header(d) }
func (d deaf) Write(b []byte) (int, error) { return len(b), nil }
func (d deaf) WriteHeader(int)             {}

func activeServer() (http.Handler, *http.Request) {
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprintf("m%d", i))
	}
	silent := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	return CloseWhileDraining(newTown(names...).View(), "me")(silent), httptest.NewRequest("GET", "/", nil)
}

func TestActiveServersPayNothing(t *testing.T) {
	handler, request := activeServer()
	w := deaf{}
	if got := testing.AllocsPerRun(100, func() { handler.ServeHTTP(w, request) }); got > 0 {
		t.Errorf("%v allocations for a request", got)
	}
}

// BenchmarkCloseWhileDraining is what the middleware costs an active server in a cluster of 1000.
func BenchmarkCloseWhileDraining(b *testing.B) {
	handler, request := activeServer()
	w := deaf{}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			handler.ServeHTTP(w, request)
		}
	})
}
