package sim

import (
	"math"
	"testing"
	"time"
)

// named gives a scenario, shorter and on fewer clients.
func named(t *testing.T, name string) Scenario {
	for _, s := range Scenarios() {
		if s.Name == name {
			s.Span, s.Clients = 4*time.Second, min(s.Clients, 6)
			return s
		}
	}
	t.Fatalf("no scenario %q", name)
	return Scenario{}
}

// TestWhatTurnsMakeOfIt knows what each scenario does to who picks in turn.
func TestWhatTurnsMakeOfIt(t *testing.T) {
	for name, tt := range map[string]struct{ least, most float64 }{ // share of requests that failed
		FailingOne:  {0.019, 0.021},
		FailingHalf: {0.49, 0.51},
		Rolling:     {0, 0},
		Cold:        {0, 0},
		Crashes:     {0, 0.0001},
		Flawed:      {0.008, 0.012},
	} {
		t.Run(name, func(t *testing.T) {
			got := do(t, named(t, name), roundRobin, 1)
			if share := float64(got.Failed) / float64(got.Requests); share < tt.least || share > tt.most {
				t.Errorf("%v of the requests failed, want %v to %v", share, tt.least, tt.most)
			}
			if name == Crashes && got.Broken == 0 {
				t.Error("nothing was broken off by crashes")
			}
		})
	}
}

func TestAllAreCounted(t *testing.T) {
	for _, s := range Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			s := named(t, s.Name)
			s.Span, s.Load = time.Second, s.Load/8
			got := do(t, s, ofTwo, 1)
			picks, inBins := 0, 0
			for i, n := range got.Picks {
				picks += n
				for _, bin := range got.Bins {
					inBins += bin[i]
				}
			}
			if got.Latency.Count()+got.Failed != got.Requests || picks != got.Attempts || inBins != picks ||
				got.Attempts < got.Requests*9/10 {
				t.Errorf("%d requests, %d answered, %d failed, %d attempts, %d picks, %d in bins", got.Requests,
					got.Latency.Count(), got.Failed, got.Attempts, picks, inBins)
			}
			want := 0.0
			for i := range s.Clients {
				want += s.rateOf(i) * s.Span.Seconds()
			}
			if off := math.Abs(float64(got.Requests) - want); off > 5*math.Sqrt(want) {
				t.Errorf("%d requests, want about %.0f", got.Requests, want)
			}
		})
	}
}

// TestColdOnesAreSlow has all work done by one that was just replaced.
func TestColdOnesAreSlow(t *testing.T) {
	s := Scenario{Backends: newOnes, Spare: newOnes, Clients: 1, Load: 0.01, Span: time.Second, Happen: (*Run).replaces}
	if got := do(t, s, theOne, 1); got.Latency.Mean() < 3*meanWork || got.Picks[0] != 0 || got.Picks[newOnes] == 0 {
		t.Errorf("work takes %v in the mean, of %v at normal speed", got.Latency.Mean(), meanWork)
	}
}

func TestAntagonistsTakeTheirShare(t *testing.T) {
	s := Scenario{Backends: 50, Clients: 5, Load: 0.05, Span: 20 * time.Second, Happen: (*Run).antagonists}
	share := trouble.Seconds() / (trouble + calm).Seconds()
	want := meanWork.Seconds() * (1 - share + share/antagonized)
	result := do(t, s, roundRobin, 1)
	if got := result.Latency.Mean().Seconds(); math.Abs(got/want-1) > 0.1 {
		t.Errorf("work takes %.1f ms in the mean, want %.1f", 1000*got, 1000*want)
	}
}

// TestAnotherAttemptSaysWhatFailed counts the attempts of requests that cannot be answered.
func TestAnotherAttemptSaysWhatFailed(t *testing.T) {
	s := Scenario{Backends: 3, Clients: 1, Load: 0.1, Span: time.Second, Tries: 3, Happen: failing(3)}
	var avoided []int
	got := do(t, s, Contender{New: func(w *World, about Client) (Caller, error) {
		caller, err := theOne.New(w, about)
		return avoiding{caller, w, &avoided}, err
	}}, 1)
	if got.Requests == 0 || got.Failed != got.Requests || got.Broken != 3*got.Requests ||
		len(avoided) < 3*got.Requests {
		t.Fatalf("%d requests, %d failed, %d attempts did, of %d picks", got.Requests, got.Failed, got.Broken,
			len(avoided))
	}
	for i, avoid := range avoided {
		if want := min(i%3, 1) - 1; avoid != want {
			t.Fatalf("pick %d is to avoid %d, want %d", i, avoid, want)
		}
	}
}

// avoiding is a Caller that notes what it is to avoid.
type avoiding struct {
	Caller
	world *World
	asked *[]int
}

func (a avoiding) Pick(avoid int) (int, func(Answer), bool) {
	if a.world.Now() >= 0 {
		*a.asked = append(*a.asked, avoid)
	}
	return a.Caller.Pick(avoid)
}

// wire is a Caller that counts.
type wire struct {
	Caller
	reset, restored *int
}

func (w wire) Reset(int)   { *w.reset++ }
func (w wire) Restore(int) { *w.restored++ }

func TestCrashesAreSeen(t *testing.T) {
	var reset, restored int
	s := named(t, Crashes)
	do(t, s, Contender{New: func(w *World, about Client) (Caller, error) {
		caller, err := roundRobin.New(w, about)
		return wire{caller, &reset, &restored}, err
	}}, 1)
	if crashes := int(s.Span / crashEvery); reset != crashes*s.Clients || restored != (crashes-2)*s.Clients {
		t.Errorf("%d resets and %d restores, of %d clients and %d crashes", reset, restored, s.Clients, crashes)
	}
}

// TestFaultsThatEnd knows how many requests fail, and how long those who never call a backend leave it alone.
func TestFaultsThatEnd(t *testing.T) {
	for _, s := range Scenarios() {
		if s.Well == 0 {
			continue
		}
		turns, one := do(t, s, roundRobin, 1), do(t, s, theOne, 1)
		if turns.Without == 0 || turns.Without > 3*time.Second || one.Without != s.Span-s.Well {
			t.Errorf("%s: a backend is without a call for %v in turns, and for %v if all go to another", s.Name,
				turns.Without, one.Without)
		}
		share := float64(turns.Failed) / float64(turns.Requests)
		if s.Name == OneFailure && (turns.Failed != 1 || one.Failed != 1) ||
			s.Name == Cut && (share < 0.2 || share > 0.3) {
			t.Errorf("%s: %d and %d of %d requests failed", s.Name, turns.Failed, one.Failed, turns.Requests)
		}
	}
}
