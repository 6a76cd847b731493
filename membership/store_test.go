package membership

import (
	"slices"
	"strings"
	"testing"
)

func TestListedWithRecordAndLife(t *testing.T) {
	a := member("a", users("a:1"))
	b := restarted(a)
	for name, tt := range map[string]struct {
		changes []Change
		want    bool
	}{
		"record alone":                     {[]Change{heard(a)}, false},
		"life alone":                       {[]Change{up(a)}, false},
		"both":                             {[]Change{heard(a), up(a)}, true},
		"both, life first":                 {[]Change{up(a), heard(a)}, true},
		"another boot lives":               {[]Change{heard(a), up(b)}, false},
		"it died":                          {[]Change{heard(a), up(a), down(a)}, false},
		"another boot died":                {[]Change{heard(a), up(a), down(b)}, true},
		"it died and was seen again":       {[]Change{heard(a), up(a), down(a), up(a)}, true},
		"it drains":                        {[]Change{heard(a), up(a), heard(next(a, Draining))}, true},
		"it left":                          {[]Change{heard(a), up(a), heard(next(a, Left))}, false},
		"it left, and is still seen alive": {[]Change{heard(next(a, Left)), up(a)}, false},
		"restarted, not seen yet":          {[]Change{heard(a), up(a), heard(b)}, false},
		"restarted":                        {[]Change{heard(a), up(a), heard(b), up(b)}, true},
		"restarted after it left":          {[]Change{heard(next(a, Left)), heard(b), up(b)}, true},
		"restarted, then the old one died": {[]Change{heard(a), up(a), heard(b), up(b), down(a)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := storeOf(member("witness"))
			s.Apply(tt.changes...)
			snapshot := s.View().Snapshot()
			if _, got := snapshot.Member("a"); got != tt.want {
				t.Errorf("listed = %v, want %v", got, tt.want)
			}
			if got := len(snapshot.Instances("users")) == 1; got != tt.want {
				t.Errorf("Instances(users) = %+v", snapshot.Instances("users"))
			}
		})
	}
}

func TestSelfIsListedUnseen(t *testing.T) {
	s := NewStore("self")
	s.Apply(heard(member("self", users("self:1"))))
	m, ok := s.View().Snapshot().Member("self")
	if !ok || m.Address != "" {
		t.Errorf("Member(self) = %+v, %v", m, ok)
	}
	s.Apply(heard(next(member("self"), Left)))
	if _, ok := s.View().Snapshot().Member("self"); ok {
		t.Error("self is listed after it left")
	}
}

func TestNewerBootSupersedesAtOnce(t *testing.T) {
	for name, address := range map[string]string{"same address": "a:1", "new address": "b:1"} {
		t.Run(name, func(t *testing.T) {
			a := next(member("a", users("a:1")), Active) // the version of an old boot counts for nothing
			s := storeOf(a)
			b := restarted(a)
			b.Services = []Service{users(address)}
			s.Apply(heard(b), up(b)) // and nobody has noticed that a is gone
			snapshot := s.View().Snapshot()
			if got, want := snapshot.Addresses("users"), []string{address}; !slices.Equal(got, want) {
				t.Errorf("Addresses(users) = %q, want %q", got, want)
			}
			if got, _ := snapshot.Member("a"); got.Boot != b.Boot || got.Address != up(b).Address {
				t.Errorf("Member(a) = %+v", got)
			}
		})
	}
}

func TestMemberMoves(t *testing.T) {
	a := member("a")
	s := storeOf(a)
	s.Apply(Up{Name: a.Name, BootID: a.Boot.ID, Address: "10.0.0.8:7946"})
	if got, _ := s.View().Snapshot().Member("a"); got.Address != "10.0.0.8:7946" {
		t.Errorf("Address = %q after it was seen elsewhere", got.Address)
	}
}

func TestAvailable(t *testing.T) {
	for name, tt := range map[string]struct{ instances, all, available, addresses string }{
		"active":       {"b@b:1 a@a:1", "a b", "a b", "a:1 b:1"},
		"one drains":   {"b@b:1 a@a:1-draining", "a b", "b", "b:1"},
		"all drain":    {"b@b:1-draining a@a:1-draining", "a b", "a b", "a:1 b:1"},
		"each once":    {"a@x:1 b@x:1 c@b:1", "a b c", "a b c", "b:1 x:1"},
		"nobody there": {"", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := storeOf()
			for _, field := range strings.Fields(tt.instances) {
				field, draining := strings.CutSuffix(field, "-draining")
				name, address, _ := strings.Cut(field, "@")
				r := member(name, users(address))
				if draining {
					r.State = Draining
				}
				s.Apply(alive(r)...)
			}
			snapshot := s.View().Snapshot()
			got := []string{owners(snapshot.Instances("users")), owners(snapshot.Available("users")),
				strings.Join(snapshot.Addresses("users"), " ")}
			if want := []string{tt.all, tt.available, tt.addresses}; !slices.Equal(got, want) {
				t.Errorf("instances, available, addresses = %q, want %q", got, want)
			}
		})
	}
}

func owners(instances []Instance) string {
	var names []string
	for _, instance := range instances {
		names = append(names, instance.Member)
	}
	return strings.Join(names, " ")
}
