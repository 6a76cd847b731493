package endpoint

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// problemType is the media type of RFC 9457.
const problemType = "application/problem+json"

// problemJSON is a problem as RFC 9457 has it. The member errors is its example of an extension.
type problemJSON struct {
	Type   string      `json:"type,omitempty"` // none means about:blank
	Title  string      `json:"title,omitempty"`
	Status int         `json:"status,omitempty"`
	Detail string      `json:"detail,omitempty"`
	Errors []fieldJSON `json:"errors,omitempty"`
}

type fieldJSON struct {
	Field   string `json:"field,omitempty"`
	Pointer string `json:"pointer,omitempty"` // of other servers
	Detail  string `json:"detail,omitempty"`
}

// EncodeProblem writes err as a response in the form of RFC 9457, application/problem+json, with
// the status of its kind, see [KindOf]. It is for kithttp.ServerErrorEncoder, and for any handler.
// Only what a [Problem] holds for the caller is sent: the text of other errors is not. A request
// without credentials gets a WWW-Authenticate, a problem with a RetryAfter the header of that name
// in whole seconds, and each response the ID of its request, see [RequestID]. An error with a method
// Headers, like that of kithttp.Headerer, adds these to the response.
func EncodeProblem(ctx context.Context, err error, w http.ResponseWriter) {
	p := ProblemOf(err)
	status := p.StatusCode()
	header := w.Header()
	for _, name := range []string{"Content-Length", "Content-Encoding", "Etag", "Last-Modified"} {
		header.Del(name) // of the response that failed
	}
	header.Set("Content-Type", problemType)
	header.Set("X-Content-Type-Options", "nosniff")
	WriteRequestID(ctx, w)
	if status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", cmp.Or(p.Challenge, "Bearer"))
	}
	if p.RetryAfter > 0 {
		seconds := (p.RetryAfter + time.Second - 1) / time.Second
		header.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	var more interface{ Headers() http.Header }
	if errors.As(err, &more) {
		maps.Copy(header, more.Headers())
	}
	form := problemJSON{Type: p.Type, Title: titleOf(status), Status: status, Detail: p.Detail}
	for _, field := range p.Fields {
		form.Errors = append(form.Errors, fieldJSON{Field: field.Field, Detail: field.Detail})
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(form) // strings and a number; the caller may be gone
}

// titleOf is the phrase of a status, as RFC 9457 asks for where there is no type.
func titleOf(status int) string {
	if status == statusCanceled {
		return "Client Closed Request"
	}
	return http.StatusText(status)
}
