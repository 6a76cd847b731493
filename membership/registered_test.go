package membership

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

var (
	booted = time.UnixMilli(1234567890123).UTC()
	later  = booted.Add(time.Minute)
)

// twoServices are one whose registration is not known and one that came a minute after the boot.
func twoServices() Record {
	r := member("m", users("a:1"), Service{Name: "admin", Address: "a:2", Weight: DefaultWeight})
	r.Started, r.Registered = booted, map[string]time.Time{"admin": later}
	return r
}

func TestFault31_GoldenRegistered(t *testing.T) {
	r := Record{
		Name: "users-1", Boot: Boot{Number: 2, ID: 0x00c0ffee00c0ffee}, Version: 300, State: Draining, Zone: "eu",
		Services: []Service{
			{Name: "users", Address: "10.0.0.7:80", Version: "v2", Tags: []string{"blue", ""}, Weight: 250,
				Metadata: map[string]string{"z": "1", "a": "β"}},
			{Name: "admin", Address: "a:1", Weight: 100},
		},
		Metadata:   map[string]string{"rack": "12"},
		Started:    booted,
		Registered: map[string]time.Time{"admin": later},
	}
	frame := golden(t, "testdata/golden/record-2-registered.hex")
	if got := encode(t, r); !bytes.Equal(got, frame) {
		t.Errorf("encoded as\n%x, want\n%x", got, frame)
	}
	if got, err := DecodeRecord(frame); err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("decoded as %+v, %v", got, err)
	}
}

// A service whose registration is not known is as old as its process.
func TestAnInstanceStartsWithItsRegistration(t *testing.T) {
	snapshot := storeOf(twoServices()).View().Snapshot()
	for service, want := range map[string]time.Time{"users": booted, "admin": later} {
		if got := snapshot.Instances(service); len(got) != 1 || !got[0].Started.Equal(want) {
			t.Errorf("%s: %+v, want a start at %v", service, got, want)
		}
	}
	if m, _ := snapshot.Member("m"); !m.Started.Equal(booted) {
		t.Errorf("the member started at %v, want %v", m.Started, booted)
	}
}

func TestCloneOfRegistered(t *testing.T) {
	r := twoServices()
	r.Registered["gone"] = later
	r.Registered["users"] = time.Unix(-7, 0)
	copied := r.Clone()
	if want := twoServices().Registered; !reflect.DeepEqual(copied.Registered, want) {
		t.Errorf("the copy has %v, want %v", copied.Registered, want)
	}
	delete(copied.Registered, "admin")
	if len(r.Registered) != 3 {
		t.Error("the copy's times are the record's")
	}
	r.Registered = map[string]time.Time{"gone": later}
	if got := r.Clone().Registered; got != nil {
		t.Errorf("the copy has %v, want nil", got)
	}
	r.Registered["admin"] = time.UnixMilli(latestStart + 1)
	checkRefused(t, r.Check(), `start of service "admin"`, r.Registered["admin"].String(), "before the year 10000")
}

func TestMalformedRegistered(t *testing.T) {
	r := twoServices()
	whole := encode(t, r)
	r.Registered = nil
	head := encode(t, r)
	head = head[:len(head)-9] // the count of fields, and that of the start
	fields := whole[len(head):]
	if _, err := DecodeRecord(append(bytes.Clone(head), fields...)); err != nil {
		t.Fatalf("what is to be spoiled is refused already: %v", err)
	}
	for name, value := range map[string]string{
		"none":        "",
		"one service": "\x07",
		"three":       "\x07\x07\x07",
		"all unknown": "\x00\x00",
		"long form":   "\x87\x00\x07",
		"cut short":   "\x07\x87",
		"year 10000":  "\x00\x80\xb8\xff\x90\xfd\xce\x39",
	} {
		_, err := DecodeRecord([]byte(string(head) + "\x01\x02" + string(rune(len(value))) + value))
		checkMalformed(t, err)
		if err != nil && !strings.Contains(err.Error(), "bad times of registration") {
			t.Errorf("%s: error is %q", name, err)
		}
	}
}

func TestStateIsText(t *testing.T) {
	for state, want := range map[State]string{Active: `"active"`, Draining: `"draining"`, Left: `"left"`} {
		text, err := json.Marshal(state)
		read := State(7)
		if err != nil || string(text) != want || json.Unmarshal(text, &read) != nil || read != state {
			t.Errorf("%v is written as %s, %v, and read as %v", state, text, err, read)
		}
	}
	if text, err := json.Marshal(map[State]int{Draining: 1}); err != nil || string(text) != `{"draining":1}` {
		t.Errorf("as a key: %s, %v", text, err)
	}
	_, err := State(3).MarshalText()
	checkRefused(t, err, "member state", "State(3)", "active, draining or left")
	state := Draining
	checkRefused(t, state.UnmarshalText([]byte("Active")), "member state", "Active", "active, draining or left")
	if state != Draining {
		t.Errorf("text that is refused makes it %v", state)
	}
	member := Member{Name: "a", State: Left, Started: booted}
	text, err := json.Marshal(member)
	var read Member
	if err != nil || json.Unmarshal(text, &read) != nil || !reflect.DeepEqual(read, member) {
		t.Errorf("a member is written as %s, %v, and read as %+v", text, err, read)
	}
}
