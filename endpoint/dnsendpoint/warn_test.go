package dnsendpoint

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

func TestWarnsOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := &Server{Logger: zerolog.New(&log)}
		warnAll := func() (lines int) {
			log.Reset()
			for range 3 {
				s.truncated([]byte("catalog.service.prod.internal."))
				s.truncated([]byte("users.service.prod.internal."))
				s.limited(netip.MustParsePrefix("10.0.0.0/24"), time.Now())
			}
			return strings.Count(log.String(), "\n")
		}
		if got := warnAll(); got != 3 {
			t.Errorf("%d lines at first, want one for each name and prefix:\n%s", got, &log)
		}
		for _, text := range []string{"catalog.service.prod.internal.", "users.service.prod.internal.", "10.0.0.0/24"} {
			if !strings.Contains(log.String(), text) {
				t.Errorf("the log does not name %s:\n%s", text, &log)
			}
		}
		time.Sleep(repeatAfter - time.Nanosecond)
		if got := warnAll(); got != 0 {
			t.Errorf("%d lines within a minute, want none:\n%s", got, &log)
		}
		time.Sleep(time.Nanosecond)
		if got := warnAll(); got != 3 {
			t.Errorf("%d lines after a minute, want 3:\n%s", got, &log)
		}
	})
}

func TestClientsCannotFillTheLog(t *testing.T) {
	var log bytes.Buffer
	s := &Server{Logger: zerolog.New(&log)}
	for i := range 1000 {
		s.truncated(fmt.Appendf(nil, "tag-%d.catalog.service.prod.internal.", i))
	}
	if got := strings.Count(log.String(), "\n"); got != mostWarned {
		t.Errorf("%d lines about 1,000 names, want %d", got, mostWarned)
	}
}
