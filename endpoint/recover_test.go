package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestRecover(t *testing.T) {
	var written bytes.Buffer
	call := Recover(zerolog.New(&written))(func(context.Context, any) (any, error) { panicsHere(); return nil, nil })
	response, err := call(WithRequestID(t.Context(), "r-1"), nil)
	if response != nil || !errors.Is(err, ErrInternal) || KindOf(err) != ErrInternal {
		t.Errorf("the call returns %v, %v", response, err)
	}
	var line struct {
		Level, Panic, Stack string
		RequestID           string `json:"request_id"`
	}
	if err := json.Unmarshal(written.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, written.Bytes())
	}
	if line.Level != "error" || line.Panic != "index 7" || line.RequestID != "r-1" ||
		!strings.Contains(line.Stack, "panicsHere") {
		t.Errorf("the log has %s", written.Bytes())
	}
}

func panicsHere() { panic("index 7") }

// What is not a panic goes on: an answer, an error, and what tells net/http to cut a connection.
func TestRecoverLetsThrough(t *testing.T) {
	var written bytes.Buffer
	around := Recover(zerolog.New(&written))
	response, err := around(func(context.Context, any) (any, error) { return "fine", errBroken })(t.Context(), nil)
	if response != "fine" || err != errBroken {
		t.Errorf("the call returns %v, %v", response, err)
	}
	defer func() {
		if recovered := recover(); recovered != http.ErrAbortHandler {
			t.Errorf("recovered %v", recovered)
		}
		if written.Len() > 0 {
			t.Errorf("logged %s", written.Bytes())
		}
	}()
	around(func(context.Context, any) (any, error) { panic(http.ErrAbortHandler) })(t.Context(), nil)
}

// A panic with an error says nothing of the instance that was called.
func TestRecoverHidesTheErrorOfAPanic(t *testing.T) {
	_, err := Recover(zerolog.Nop())(func(context.Context, any) (any, error) { panic(ErrNotFound) })(t.Context(), nil)
	if errors.Is(err, ErrNotFound) || !errors.Is(err, ErrInternal) {
		t.Errorf("the call returns %v", err)
	}
}
