package cluster

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/cluster/transport"
	"github.com/grapevine-go/grapevine/membership"
)

// outbox is a Transport that keeps what is sent.
type outbox struct {
	nowhere
	mu   sync.Mutex
	sent []string
}

func (o *outbox) WriteToAddress(b []byte, _ Address) (time.Time, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, string(b))
	return time.Now(), nil
}

// loads gives the answers that were sent, or the questions, whatever else was.
func (o *outbox) loads(t *testing.T, kind transport.Kind) (bodies [][]byte) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	tag := sha256.Sum256([]byte("grapevine cluster "))
	prefix := append(append([]byte{0xc1}, tag[:8]...), byte(kind))
	for _, datagram := range o.sent {
		if body, ok := bytes.CutPrefix([]byte(datagram), prefix); ok {
			bodies = append(bodies, body)
		}
	}
	return bodies
}

var asker = transport.From{Addr: netip.MustParseAddrPort("10.0.0.2:7946")}

// TestLoadIsAnsweredWhateverElseIsHeld has everything else in the node be at a standstill.
func TestLoadIsAnsweredWhateverElseIsHeld(t *testing.T) {
	var sent outbox
	n := idleNodeOn(t, &sent, zerolog.Nop())
	if err := n.ReportLoad("users", func() int64 { return 12 }); err != nil {
		t.Fatal(err)
	}
	for _, lock := range []*sync.Mutex{&n.mu, &n.push.mu, &n.watch.mu, &n.inbox.mu, &n.load.mu, &n.questions.mu} {
		lock.Lock()
		defer lock.Unlock()
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		n.load.answer(asker, loadQuestion{7, serviceKey("users")}.encode()[1:])
	}()
	select {
	case <-answered:
	case <-time.After(20 * time.Second):
		t.Fatal("it waits for a lock")
	}
	got := sent.loads(t, kindLoadAnswer)
	if want := (loadAnswer{7, 12, true}).encode()[1:]; len(got) != 1 || !bytes.Equal(got[0], want) {
		t.Errorf("sent %x, want %x", got, want)
	}
}

func TestLoadSources(t *testing.T) {
	n := idleNode(t, zerolog.Nop())
	report := func(service string, source func() int64) {
		if err := n.ReportLoad(service, source); err != nil {
			t.Error(err)
		}
	}
	report("one", func() int64 { return 1 })
	report("two", func() int64 { return 1 })
	report("two", func() int64 { return 2 })
	report("gone", func() int64 { return 3 })
	report("gone", nil)
	report("never", nil)
	report("negative", func() int64 { return -1 })
	report("panics", func() int64 { panic("no load") })
	for service, want := range map[string]loadAnswer{
		"one": {7, 1, true}, "two": {7, 2, true}, "gone": {id: 7}, "never": {id: 7}, "other": {id: 7}, "negative": {7, 0, true},
		"panics": {id: 7},
	} {
		if got := n.load.to(loadQuestion{7, serviceKey(service)}); got != want {
			t.Errorf("%s: %+v, want %+v", service, got, want)
		}
	}
	var field *membership.FieldError
	if err := n.ReportLoad("No Name", nil); !errors.As(err, &field) {
		t.Errorf("a name that nothing can have: %v", err)
	}
}

// TestMalformedLoadMessages are not answered, and end no wait for an answer.
func TestMalformedLoadMessages(t *testing.T) {
	var sent outbox
	var log bytes.Buffer
	n := idleNodeOn(t, &sent, zerolog.New(&log))
	answers := make(chan membership.ProbeAnswer, 1)
	n.questions.add(7, question{identity{"a", 1}, answers})
	n.load.answer(asker, []byte("short"))
	n.questions.answered(asker, []byte("short"))
	n.questions.answered(asker, loadAnswer{id: 8}.encode()[1:])
	if got := sent.loads(t, kindLoadAnswer); len(got) > 0 || len(answers) > 0 || log.Len() == 0 {
		t.Errorf("sent %x, %d answers, logged %q", got, len(answers), &log)
	}
	n.questions.answered(asker, loadAnswer{7, 1, true}.encode()[1:])
	n.questions.answered(asker, loadAnswer{7, 2, true}.encode()[1:])
	if len(answers) != 1 || (<-answers).InFlight != 1 {
		t.Error("want the first answer alone")
	}
}

// TestLoadAnswersComeFromWhomWasAsked: where senders are known, nobody may answer for another.
func TestLoadAnswersComeFromWhomWasAsked(t *testing.T) {
	for from, want := range map[string]int{
		"": 1, "a@0000000000000001": 1, "a@0000000000000002": 0, "b@0000000000000001": 0,
	} {
		n := idleNode(t, zerolog.Nop())
		answers := make(chan membership.ProbeAnswer, 1)
		n.questions.add(7, question{identity{"a", 1}, answers})
		n.questions.answered(transport.From{ID: from}, loadAnswer{7, 1, true}.encode()[1:])
		if len(answers) != want {
			t.Errorf("from %q: %d answers, want %d", from, len(answers), want)
		}
	}
}

// TestQuestionsAreForgotten bounds what is remembered of questions that nobody answers.
func TestQuestionsAreForgotten(t *testing.T) {
	qs := newQuestions(idleNode(t, zerolog.Nop()))
	for id := range uint64(10 * mostQuestions) {
		qs.add(id, question{})
	}
	if kept := len(qs.recent) + len(qs.older); kept > 2*mostQuestions {
		t.Errorf("%d are kept, want %d at most", kept, 2*mostQuestions)
	}
	if _, ok := qs.take(10*mostQuestions - 1); !ok {
		t.Error("the last is not waited for")
	}
	if _, ok := qs.take(0); ok {
		t.Error("the first is waited for still")
	}
}
