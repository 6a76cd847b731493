package membership

import "testing"

func TestGoodbyesAreNotIsolation(t *testing.T) {
	a, b := member("a"), member("b")
	for name, goodbyes := range map[string][]Change{
		"goodbye, then gone": {heard(next(a, Left)), down(a), heard(next(b, Left)), down(b)},
		"gone, then goodbye": {down(a), heard(next(a, Left)), down(b), heard(next(b, Left))},
	} {
		t.Run(name, func(t *testing.T) {
			s := storeOf(a, b)
			s.Apply(goodbyes...)
			checkListed(t, s, "", false)
		})
		t.Run(name+", one by one", func(t *testing.T) {
			s := storeOf(a, b)
			for _, change := range goodbyes {
				s.Apply(change)
			}
			checkListed(t, s, "", false)
		})
	}
}

// Only what was seen alive is kept: of a restart that was merely heard of, nobody knows whether it ever came up.
func TestCutOffKeepsNothingUnseen(t *testing.T) {
	a, b := member("a"), member("b")
	for name, changes := range map[string][]Change{
		"crashed, restart heard of":      {down(b), heard(restarted(b)), heard(next(a, Left)), down(a)},
		"restart heard of, old one dies": {heard(restarted(b)), down(b), heard(next(a, Left)), down(a)},
		"never seen, said to be gone": {
			heard(next(b, Left)), down(b), heard(member("c")), down(member("c")), heard(next(a, Left)), down(a),
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := storeOf(a, b)
			for _, change := range changes {
				s.Apply(change)
			}
			checkListed(t, s, "", false)
		})
	}
}

// A process that stops counts itself out like any other member, which cuts it off from nobody.
func TestOwnEndIsNotIsolation(t *testing.T) {
	self := member("self")
	s := storeOf()
	s.Apply(up(self), down(self))
	checkListed(t, s, "", false)
}
