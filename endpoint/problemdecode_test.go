package endpoint_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/endpoint"
)

const problemType = "application/problem+json; charset=utf-8"

func responseOf(status int, media, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {media}},
		Body: io.NopCloser(strings.NewReader(body))}
}

// The responses of servers that know nothing of this package.
func TestDecodeProblem(t *testing.T) {
	long := strings.Repeat("é", 1000)
	for name, tt := range map[string]struct {
		status      int
		media, body string
		want        endpoint.Problem // without its Status
	}{
		"kind of a status alone": {404, "", "", endpoint.Problem{Kind: endpoint.ErrNotFound}},
		"gone":                   {410, "", "", endpoint.Problem{Kind: endpoint.ErrNotFound}},
		"unprocessable":          {422, "", "", endpoint.Problem{Kind: endpoint.ErrInvalid}},
		"precondition":           {412, "", "", endpoint.Problem{Kind: endpoint.ErrConflict}},
		"locked":                 {423, "", "", endpoint.Problem{Kind: endpoint.ErrConflict}},
		"legal reasons":          {451, "", "", endpoint.Problem{Kind: endpoint.ErrForbidden}},
		"proxy":                  {407, "", "", endpoint.Problem{Kind: endpoint.ErrUnauthorized}},
		"request timeout":        {408, "", "", endpoint.Problem{Kind: context.DeadlineExceeded}},
		"bad gateway":            {502, "", "", endpoint.Problem{Kind: endpoint.ErrUnavailable}},
		"not implemented":        {501, "", "", endpoint.Problem{Kind: endpoint.ErrInternal}},
		"unheard of":             {799, "", "", endpoint.Problem{Kind: endpoint.ErrInternal}},
		"problem": {404, problemType, `{"type":"https://a.example/out","detail":"it is out","status":200}`,
			endpoint.Problem{Kind: endpoint.ErrNotFound, Type: "https://a.example/out", Detail: "it is out"}},
		"example of RFC 9457": {422, problemType, `{"type":"about:blank","title":"x","errors":[{"detail":"must be positive",
			"pointer":"#/age"},{"detail":"must be a colour","pointer":"#/profile/color"}]}`,
			endpoint.Problem{Kind: endpoint.ErrInvalid, Fields: []endpoint.FieldProblem{
				{"age", "must be positive"}, {"profile/color", "must be a colour"}}}},
		"members of other types": {409, problemType, `{"detail":7,"type":["a"],"errors":"none"}`,
			endpoint.Problem{Kind: endpoint.ErrConflict}},
		"no JSON": {409, problemType, `<html>`, endpoint.Problem{Kind: endpoint.ErrConflict}},
		"control": {409, problemType, `{"detail":"\u001b[31mred\n\u0000"}`,
			endpoint.Problem{Kind: endpoint.ErrConflict, Detail: "[31mred"}},
		"a long text": {409, problemType, `{"detail":"` + long + `"}`,
			endpoint.Problem{Kind: endpoint.ErrConflict, Detail: strings.Repeat("é", 512)}},
		"http.Error": {400, "text/plain; charset=utf-8", "no such currency\n",
			endpoint.Problem{Kind: endpoint.ErrInvalid, Err: errors.New("no such currency")}},
		"JSON of others": {400, "application/json", `{"error":"no such currency"}`,
			endpoint.Problem{Kind: endpoint.ErrInvalid, Err: errors.New("no such currency")}},
		"JSON object": {400, "application/json", `{"error":{"code":7},"message":"no such currency"}`,
			endpoint.Problem{Kind: endpoint.ErrInvalid, Err: errors.New("no such currency")}},
		"page of a proxy": {502, "text/html", "<html>Bad Gateway</html>", endpoint.Problem{Kind: endpoint.ErrUnavailable}},
	} {
		t.Run(name, func(t *testing.T) {
			tt.want.Status = tt.status
			var got *endpoint.Problem
			err := endpoint.DecodeProblem(responseOf(tt.status, tt.media, tt.body))
			if !errors.As(err, &got) || !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("got %#v, want %#v", got, tt.want)
			}
		})
	}
}

func TestDecodeProblemOfASuccess(t *testing.T) {
	for _, status := range []int{200, 204, 304} {
		if err := endpoint.DecodeProblem(responseOf(status, problemType, `{"detail":"x"}`)); err != nil {
			t.Errorf("status %d: %v", status, err)
		}
	}
	if err := endpoint.DecodeProblem(&http.Response{StatusCode: 404}); !errors.Is(err, endpoint.ErrNotFound) {
		t.Errorf("without a body: %v", err)
	}
}

// endless counts what is read of a body that has no end.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

// A body without end, and one with fields without end, cost no more than is allowed.
func TestDecodeProblemIsBounded(t *testing.T) {
	for _, media := range []string{problemType, "application/json", "text/plain"} {
		body := new(endless)
		response := responseOf(500, media, "")
		response.Body = io.NopCloser(body)
		if err := endpoint.DecodeProblem(response); !errors.Is(err, endpoint.ErrInternal) || len(err.Error()) > 2<<10 {
			t.Errorf("%s: an error of %d bytes: %.100v", media, len(err.Error()), err)
		}
		if body.read > 64<<10 {
			t.Errorf("%s: %d bytes of the body are read", media, body.read)
		}
	}
	var got *endpoint.Problem
	many := `{"errors":[` + strings.Repeat(`{"field":"a"},`, 1000) + `{"field":"b"}]}`
	if errors.As(endpoint.DecodeProblem(responseOf(400, problemType, many)), &got); len(got.Fields) != 100 {
		t.Errorf("%d fields, want 100", len(got.Fields))
	}
}

// A body that breaks off leaves the kind.
func TestDecodeProblemOfABrokenBody(t *testing.T) {
	response := responseOf(404, problemType, "")
	response.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"detail":`), broken{io.ErrUnexpectedEOF}))
	if err := endpoint.DecodeProblem(response); !errors.Is(err, endpoint.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for value, want := range map[string]time.Duration{
			"":            0,
			"2":           2 * time.Second,
			"-2":          0,
			"soon":        0,
			"4294967295":  24 * time.Hour,
			"99999999999": 0,
			time.Now().Add(time.Minute).UTC().Format(http.TimeFormat):      time.Minute,
			time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat):     0,
			time.Now().Add(1000 * time.Hour).UTC().Format(http.TimeFormat): 24 * time.Hour,
		} {
			response := responseOf(503, "", "")
			response.Header.Set("Retry-After", value)
			var got *endpoint.Problem
			if errors.As(endpoint.DecodeProblem(response), &got); got.RetryAfter != want {
				t.Errorf("Retry-After %q is %v, want %v", value, got.RetryAfter, want)
			}
		}
	})
}

func FuzzDecodeProblem(f *testing.F) {
	f.Add(404, problemType, `{"type":"urn:a","detail":"b","errors":[{"field":"c","detail":"d"}]}`, "2", "Bearer")
	f.Add(401, "text/plain", "no\x1b[1m", "Fri, 31 Dec 1999 23:59:59 GMT", `Basic realm="a"`)
	f.Add(502, "application/json", `{"error":{}}`, "-1", "")
	f.Add(500, problemType, `{"errors":[{"pointer":"#/`, "", "")
	f.Fuzz(func(t *testing.T, status int, media, body, after, challenge string) {
		response := responseOf(status, media, body)
		response.Header.Set("Retry-After", after)
		response.Header.Set("Www-Authenticate", challenge)
		err := endpoint.DecodeProblem(response)
		var p *endpoint.Problem
		if errors.As(err, &p) != (status >= 400) {
			t.Fatalf("status %d is %v", status, err)
		}
		if err == nil {
			return
		}
		texts := []string{p.Detail, p.Type, p.Challenge}
		if p.Err != nil {
			texts = append(texts, p.Err.Error())
		}
		for _, field := range p.Fields {
			texts = append(texts, field.Field, field.Detail)
		}
		for _, text := range texts {
			if len(text) > 1<<10 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
				t.Errorf("text %q is too long, or has control characters", text)
			}
		}
		if len(p.Fields) > 100 || p.RetryAfter < 0 || p.RetryAfter > 24*time.Hour {
			t.Errorf("%d fields, RetryAfter %v", len(p.Fields), p.RetryAfter)
		}
		again := overRecorder(t, p) // what a service passes on is the same
		if endpoint.KindOf(again) != endpoint.KindOf(err) {
			t.Errorf("passed on, %v is %v", err, again)
		}
	})
}
