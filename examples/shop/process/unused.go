package process

import (
	"net"
	"net/http"
	"sync"
)

// closeUnused has Shutdown of server close connections that no request came over yet. Shutdown of
// net/http waits 5 s for each, and clients have some: net/http dials ahead where a call waits for a
// connection, and keeps both when another call returns its own first.
func closeUnused(server *http.Server) {
	var mu sync.Mutex
	unused, ending := make(map[net.Conn]struct{}), false
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case state != http.StateNew:
			delete(unused, conn)
		case ending:
			conn.Close()
		default:
			unused[conn] = struct{}{}
		}
	}
	server.RegisterOnShutdown(func() {
		mu.Lock()
		defer mu.Unlock()
		ending = true
		for conn := range unused {
			conn.Close()
		}
	})
}
