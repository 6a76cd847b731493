package processes_test

import (
	"bytes"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

// afterHeal is how long after a heal every view must be full.
const afterHeal = 30 * time.Second

func names(s *membership.Snapshot) (names []string) {
	for _, m := range s.Members() {
		names = append(names, m.Name)
	}
	return names
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) && errors.As(err, &timeout) && timeout.Timeout()
}

// lockedBuffer is what a process writes to while a test reads.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
