package membership

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestFault28_AtMostSoManyOfTheGoneAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const more = 10
		witness := member("witness")
		s := storeOf(witness)
		for i := range mostGone + more {
			r := member(fmt.Sprintf("m%04d", i))
			s.Apply(alive(r)...)
			s.Apply(down(r))
			time.Sleep(time.Millisecond)
		}
		if got, want := len(records(s)), mostGone+2; got != want { // and self, and the witness
			t.Errorf("remembers %d members, want %d", got, want)
		}
		first, last := fmt.Sprintf("m%04d", more-1), fmt.Sprintf("m%04d", more)
		if remembers(s, first) || !remembers(s, last) {
			t.Errorf("remembers %s = %v, %s = %v: not the last to go", first, remembers(s, first), last, remembers(s, last))
		}
	})
}

// Liveness without a record leaves nothing behind.
func TestFault28_StrangersAreForgottenAtOnce(t *testing.T) {
	s := storeOf(member("witness"))
	for i := range 10 {
		r := member(fmt.Sprintf("m%d", i))
		s.Apply(up(r))
		s.Apply(down(r))
	}
	if got := len(s.entries); got != 2 {
		t.Errorf("%d entries, want self and the witness", got)
	}
}
