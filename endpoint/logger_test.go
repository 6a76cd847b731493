package endpoint

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/rs/zerolog"
)

func TestKitLogger(t *testing.T) {
	var noURL *url.URL
	var noError *userError
	noon := time.Date(2026, time.May, 1, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		keyvals []any
		want    string
	}{
		"nothing":               {nil, `{"level":"info"}`},
		"no level":              {[]any{"a", 1, "b", true}, `{"level":"info","a":1,"b":true}`},
		"no level but an error": {[]any{"a", 1, "err", io.EOF}, `{"level":"error","a":1,"err":"EOF"}`},
		"no level nor an error": {[]any{"err", nil}, `{"level":"info","err":null}`},
		"level and error":       {[]any{level.Key(), level.InfoValue(), "err", io.EOF}, `{"level":"info","err":"EOF"}`},
		"debug":                 {[]any{level.Key(), level.DebugValue(), "a", 1}, `{"level":"debug","a":1}`},
		"info":                  {[]any{level.Key(), level.InfoValue()}, `{"level":"info"}`},
		"warn":                  {[]any{level.Key(), level.WarnValue()}, `{"level":"warn"}`},
		"error":                 {[]any{level.Key(), level.ErrorValue()}, `{"level":"error"}`},
		"level as text":         {[]any{"level", "warn"}, `{"level":"warn"}`},
		"level comes last":      {[]any{"a", 1, level.Key(), level.WarnValue()}, `{"level":"warn","a":1}`},
		"message":               {[]any{"msg", "hello", "a", 1}, `{"level":"info","a":1,"message":"hello"}`},
		"message of a number":   {[]any{"msg", 7}, `{"level":"info","message":"7"}`},
		"value missing":         {[]any{"a", 1, "b"}, `{"level":"info","a":1,"b":"(MISSING)"}`},
		"wrapped error":         {[]any{"cause", fmt.Errorf("x: %w", io.EOF)}, `{"level":"info","cause":"x: EOF"}`},
		"error that is nothing": {[]any{"cause", noError, "a", 1}, `{"level":"info","a":1}`},
		"duration":              {[]any{"took", 1500 * time.Millisecond}, `{"level":"info","took":"1.5s"}`},
		"time":                  {[]any{"at", noon}, `{"level":"info","at":"2026-05-01T12:00:00Z"}`},
		"address":               {[]any{"at", &net.TCPAddr{IP: net.IPv4(10, 0, 0, 7), Port: 80}}, `{"level":"info","at":"10.0.0.7:80"}`},
		"pointer to nothing":    {[]any{"url", noURL}, `{"level":"info","url":"<nil>"}`},
		"nil":                   {[]any{"a", nil}, `{"level":"info","a":null}`},
		"struct":                {[]any{"a", struct{ B int }{7}}, `{"level":"info","a":{"B":7}}`},
		"keys that are no text": {[]any{7, "a", []int{1}, "b", level.InfoValue(), "c"}, `{"level":"info","7":"a","[1]":"b","info":"c"}`},
		"line to be forged":     {[]any{"a", "x\n{}"}, `{"level":"info","a":"x\n{}"}`},
	} {
		t.Run(name, func(t *testing.T) {
			var written strings.Builder
			if err := KitLogger(zerolog.New(&written)).Log(tt.keyvals...); err != nil {
				t.Errorf("Log: %v", err)
			}
			if got := strings.TrimSuffix(written.String(), "\n"); got != tt.want {
				t.Errorf("the log says %s, want %s", got, tt.want)
			}
		})
	}
}

func TestKitLoggerUnderKitsOwn(t *testing.T) {
	var written strings.Builder
	base := log.With(KitLogger(zerolog.New(&written)), "component", "users", "n", log.Valuer(func() any { return 7 }))
	logger := level.NewFilter(base, level.AllowWarn(), level.ErrNotAllowed(errBroken))
	if err := level.Info(logger).Log("msg", "dropped"); !errors.Is(err, errBroken) {
		t.Errorf("Log: %v, want the filter's %v", err, errBroken)
	}
	level.Error(logger).Log("msg", "kept", "err", io.EOF)
	log.WithSuffix(level.Warn(logger), "last", true).Log("first", 1)
	want := `{"level":"error","component":"users","n":7,"err":"EOF","message":"kept"}
{"level":"warn","component":"users","n":7,"first":1,"last":true}
`
	if written.String() != want {
		t.Errorf("the log says\n%swant\n%s", written.String(), want)
	}
}

// The level of the zerolog.Logger counts too, for lines that have none as well.
func TestKitLoggerKeepsTheLevelOfZerolog(t *testing.T) {
	var written strings.Builder
	logger := KitLogger(zerolog.New(&written).Level(zerolog.WarnLevel))
	level.Info(logger).Log("a", 1)
	level.Warn(logger).Log("a", 2)
	logger.Log("a", 3)
	logger.Log("a", 4, "err", io.EOF)
	want := "{\"level\":\"warn\",\"a\":2}\n{\"level\":\"error\",\"a\":4,\"err\":\"EOF\"}\n"
	if got := written.String(); got != want {
		t.Errorf("the log says %s, want %s", got, want)
	}
}

// What is passed to Log belongs to the caller.
func TestKitLoggerLeavesItsArgumentsAlone(t *testing.T) {
	keyvals := append(make([]any, 0, 4), "a", 1, "b")
	beyond := keyvals[:4]
	beyond[3] = "mine"
	KitLogger(zerolog.Nop()).Log(keyvals...)
	if beyond[3] != "mine" {
		t.Errorf("Log wrote %v behind its arguments", beyond[3])
	}
}
