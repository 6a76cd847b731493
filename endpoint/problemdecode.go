package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Bounds on what a server may make a client keep.
const (
	longestProblem = 64 << 10       // bytes of a body that are read
	longestText    = 1 << 10        // bytes of each text that are kept
	mostFields     = 100            // problems of fields
	longestWait    = 24 * time.Hour // of Retry-After
)

// DecodeResponse returns a decoder of responses, for kithttp.NewClient, that returns the [Problem]
// of a response from status 400 on, see [DecodeProblem]. All others it leaves to next.
func DecodeResponse(next func(context.Context, *http.Response) (any, error)) func(
	context.Context, *http.Response) (any, error) {
	return func(ctx context.Context, response *http.Response) (any, error) {
		if err := DecodeProblem(response); err != nil {
			return nil, err
		}
		return next(ctx, response)
	}
}

// DecodeProblem returns the error that a response stands for, a [*Problem], or nil if its status is
// below 400. The status decides on the kind. A body in the form of RFC 9457 has the detail and the
// fields. The text of any other body, as http.Error and Go kit's default encoder write it, becomes
// the Err of the Problem. At most 64 KiB of the body are read; the caller closes it. Texts are cut to
// 1 KiB and freed from control characters.
func DecodeProblem(response *http.Response) error {
	if response.StatusCode < http.StatusBadRequest {
		return nil
	}
	p := &Problem{Kind: kindOfStatus(response.StatusCode), Status: response.StatusCode}
	p.RetryAfter = retryAfter(response.Header.Get("Retry-After"))
	if p.Kind == ErrUnauthorized {
		p.Challenge = printable(response.Header.Get("WWW-Authenticate"))
	}
	if response.Body == nil {
		return p
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, longestProblem)) // what is there of it counts
	switch media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); media {
	case problemType:
		p.read(body)
	case "application/json":
		p.Err = textError(foreignText(body))
	case "text/plain":
		p.Err = textError(printable(string(body)))
	}
	return p
}

// read takes what a body in the form of RFC 9457 holds. A member of another type than the RFC
// wants is left out, as it asks for.
func (p *Problem) read(body []byte) {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return
	}
	p.Detail = textOf(members["detail"])
	if uri := textOf(members["type"]); uri != "about:blank" {
		p.Type = uri
	}
	var fields []fieldJSON
	if json.Unmarshal(members["errors"], &fields) != nil {
		return
	}
	for _, field := range fields[:min(len(fields), mostFields)] {
		name := field.Field
		if name == "" {
			name = strings.TrimPrefix(field.Pointer, "#/")
		}
		p.Fields = append(p.Fields, FieldProblem{printable(name), printable(field.Detail)})
	}
}

// foreignText returns what servers call detail, message or error.
func foreignText(body []byte) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return ""
	}
	for _, name := range []string{"detail", "message", "error", "err"} {
		if text := textOf(members[name]); text != "" {
			return text
		}
	}
	return ""
}

func textOf(member json.RawMessage) (text string) {
	if len(member) == 0 || json.Unmarshal(member, &text) != nil {
		return ""
	}
	return printable(text)
}

func textError(text string) error {
	if text == "" {
		return nil
	}
	return errors.New(text)
}

// printable makes a text of a peer fit for logs and terminals.
func printable(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), longestText)], "")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text))
}

// retryAfter reads the header: seconds or a date. What cannot be read, and the past, is 0.
func retryAfter(value string) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, longestWait)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(time.Until(at), 0), longestWait)
}
