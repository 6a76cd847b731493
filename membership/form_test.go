package membership

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// inForm is what a reader of r in a wire version knows of it.
func inForm(r Record, version byte) Record {
	if version == 1 {
		r.Started, r.Registered, r.later = time.Time{}, nil, nil
	}
	r.lag = WireVersion - version
	return r
}

// What an older form does not say is not made up on the way.
func TestFault31_AnOlderFormStaysOne(t *testing.T) {
	r := member("a", users("a:1"))
	r.Started = time.UnixMilli(7)
	old, err := r.Encode(nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	read, err := DecodeRecord(old)
	if err != nil {
		t.Fatal(err)
	}
	if again := encode(t, read); !bytes.Equal(again, old) {
		t.Errorf("%x is passed on as %x", old, again)
	}
}

func TestEncodeInAnUnknownVersion(t *testing.T) {
	for _, version := range []byte{0, WireVersion + 1, 255} {
		buf, err := member("a").Encode(nil, version)
		checkRefused(t, err, "wire version", fmt.Sprint(version), "use 1 to 2")
		if buf != nil {
			t.Errorf("Encode returned %d bytes beside its error", len(buf))
		}
	}
}

// Of one version the fuller form wins, whichever comes first, and it shows.
func TestFault31_TheFullerFormWins(t *testing.T) {
	whole := member("a", users("a:1"))
	whole.Started = time.UnixMilli(1234567890123).UTC()
	reduced := inForm(whole, 1)
	for name, order := range map[string][]Record{
		"fuller first": {whole, reduced},
		"fuller last":  {reduced, whole},
		"again":        {whole, reduced, whole, reduced},
	} {
		s := storeOf()
		for _, r := range order {
			s.Apply(alive(r)...)
		}
		listed, _ := s.View().Snapshot().Member("a")
		instances := s.View().Snapshot().Instances("users")
		if !listed.Started.Equal(whole.Started) || len(instances) != 1 || !instances[0].Started.Equal(whole.Started) {
			t.Errorf("%s: the member started %v, its instances are %+v", name, listed.Started, instances)
		}
	}
	s := storeOf(whole, inForm(next(whole, Draining), 1))
	if listed, _ := s.View().Snapshot().Member("a"); listed.State != Draining {
		t.Errorf("a later version in an older form is %v", listed.State)
	}
}

// By whatever clock a member started, only its boot and its version rank its records.
func TestFault18_NothingIsOrderedByTheStart(t *testing.T) {
	old := member("a", users("old:1"))
	old.Started = time.UnixMilli(latestStart)
	for name, follower := range map[string]Record{"version": next(old, Active), "boot": restarted(old)} {
		follower.Started = time.UnixMilli(1)
		if !follower.Newer(old) || old.Newer(follower) {
			t.Errorf("a newer %s that claims an earlier start is not newer", name)
		}
	}
}

// However often a record is passed on, what a later release said arrives as it was sent.
func TestFault31_UnknownFieldsAreRelayedUntouched(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := anyRecord.Draw(t, "record")
		want, err := sent.Encode(nil, WireVersion)
		if err != nil {
			t.Fatal(err)
		}
		frame := want
		for range rapid.IntRange(1, 4).Draw(t, "relays") {
			relay := NewStore("relay")
			read, err := DecodeRecord(frame)
			if err != nil {
				t.Fatal(err)
			}
			relay.Apply(heard(inForm(sent, 1)), heard(read), heard(inForm(sent, 1)))
			known, _ := relay.Record(sent.Name)
			if frame, err = known.Encode(nil, WireVersion); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(frame, want) {
			t.Fatalf("arrived as\n%x, sent\n%x", frame, want)
		}
	})
}

func TestStartOfAMember(t *testing.T) {
	r := member("a")
	for name, tt := range map[string]struct{ given, want time.Time }{
		"unknown":     {time.Time{}, time.Time{}},
		"local time":  {time.Unix(7, 1_999_999).Local(), time.UnixMilli(7001).UTC()},
		"before 1970": {time.Unix(-1, 0), time.Time{}},
		"year 9999":   {time.UnixMilli(latestStart), time.UnixMilli(latestStart).UTC()},
	} {
		r.Started = tt.given
		got, err := DecodeRecord(encode(t, r))
		if err != nil || got.Started != tt.want || r.Clone().Started != tt.want {
			t.Errorf("%s: %v arrives as %v, %v, and is copied as %v; want %v", name, tt.given, got.Started, err, r.Clone().Started, tt.want)
		}
	}
	r.Started = time.UnixMilli(latestStart + 1)
	checkRefused(t, r.Check(), "start of member", r.Started.String(), "before the year 10000")
}

// A clone shares nothing, also not what only a later release understands.
func TestCloneSharesNoFields(t *testing.T) {
	r := member("a")
	r.later = []field{{5, "x"}}
	copied := r.Clone()
	copied.later[0].value = "y"
	if r.later[0].value != "x" {
		t.Error("the copy's fields are the record's")
	}
}

// A total order, so that it does not matter in which order forms, versions and boots arrive.
func TestNewerIsTotal(t *testing.T) {
	r := member("a")
	ascending := []Record{inForm(r, 1), r, inForm(next(r, Active), 1), next(r, Active), inForm(restarted(r), 1), restarted(r)}
	for i, one := range ascending {
		for j, other := range ascending {
			if got, want := one.Newer(other), i > j; got != want {
				t.Errorf("%d newer than %d: %v, want %v", i, j, got, want)
			}
		}
	}
	if !slices.IsSortedFunc(ascending, func(a, b Record) int { return slices.Compare(rank(a), rank(b)) }) {
		t.Error("the reference of the merge tests ranks them otherwise")
	}
}
