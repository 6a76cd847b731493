package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/membership"
)

const (
	leastMembers, mostMembers = 2, 400 // a transport takes 512 handshakes at once from one IP, and here all have the same
	mostRuns                  = 100
	longestIdle               = time.Hour
	mostRate                  = 20_000
	longestSpan               = 24 * time.Hour
	mostSlow                  = 100
)

type options struct {
	what  []string
	sizes []int // members of a cluster
	runs  int   // how often each is measured
	idle  time.Duration
	json  string // file; "" for none

	requests int           // of ours, where something was promised of them
	rate     int           // requests a second, of all callers
	span     time.Duration // of virtual time, without anybody gone
	slow     int           // by which all of a real run takes longer
	simulated
	together
	effort
	coredns string                           // file, coreDNSBuild or coreDNSNone
	say     func(format string, args ...any) // how far it is
}

// effort is how much work one measurement takes. Tests make do with less.
type effort struct {
	batches       int           // of datagrams, and of messages by stream, in one run
	datagrams     int           // in a batch
	messages      int           // by stream, in a batch
	handshakes    int           // in a run
	mesh          int           // transports that all talk to each other
	rest          time.Duration // until ciphers that are not used have been let go
	aftermath     time.Duration // until timers have let go of a cluster that has ended
	calm          time.Duration // a cluster's, once it is complete, before something is done to it
	between       time.Duration // what is done to it, on average
	registrations int           // in a run
	restarts      int           // in a run
	patience      time.Duration // with a restart
	crashes       int           // in a run
	crashPatience time.Duration
	crashLook     time.Duration // from a crash on, for what it makes of others
	goodbyes      int           // in a run
	servers       int           // that are restarted
	callers       int           // processes that send them requests
	rollPause     time.Duration // between two restarts
	liveWarmUp    time.Duration // of those who call real servers
	liveSpan      time.Duration // in which requests to real servers count
	dns           dnsEffort

	settle time.Duration // a cluster's; 0 for one period of push/pull
	window time.Duration // in which a cluster's traffic is counted; 0 for one period of push/pull
}

var fullEffort = effort{
	batches: 40, datagrams: 250, messages: 8, mesh: 48,
	handshakes: 400,         // below the 512 that one IP may begin at once; from then on the door is what is measured
	aftermath:  time.Minute, // seen: 40 s of serf's, 45 s of ours
	calm:       3 * time.Second, between: 500 * time.Millisecond,
	registrations: 20, restarts: 5, patience: restartPatience,
	crashes: 3, crashPatience: crashPatience, crashLook: crashLook, goodbyes: 5,
	servers: rollServers, callers: rollCallers, rollPause: 2 * time.Second,
	liveWarmUp: 2 * time.Second, liveSpan: 10 * time.Second, // as in the simulation
	dns:  fullDNSEffort,
	rest: 16 * time.Second, // transport: aeadIdle and sweepEvery, one after the other
}

// pause waits for a time that is in step with nobody's clock.
func (e effort) pause() { time.Sleep(e.between/2 + rand.N(max(e.between, 1))) }

func parse(args []string) (options, error) {
	o := options{effort: fullEffort, say: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	what := flags.String("what", "transport", "what to measure, separated by commas: "+strings.Join(benchNames(), ", "))
	sizes := flags.String("n", "10,50", "sizes of clusters, separated by commas")
	flags.IntVar(&o.runs, "runs", 3, "how often each is measured; the idle time of a cluster always once")
	flags.DurationVar(&o.idle, "idle", 0, "how long to count what an idle cluster sends, after 10s of settling; 0 counts one whole period of push/pull, after one of settling")
	flags.StringVar(&o.json, "json", "", "file to write the rows to")
	flags.IntVar(&o.requests, "requests", promisedRequests, "rolling: how many requests of ours there are at least, where none may fail; all servers are restarted once at least")
	flags.IntVar(&o.rate, "rate", 1500, "rolling: requests a second")
	flags.DurationVar(&o.span, "span", trueHour, "false: how much virtual time clusters live through")
	o.simulated.flags(flags)
	o.together.flags(flags)
	flags.IntVar(&o.slow, "slow", 1, "live: how many times as long all takes, so that a busy host adds less; what is shown is divided by it")
	flags.StringVar(&o.coredns, "coredns", coreDNSBuild, "dns: file of CoreDNS's program; build has the go command build it, which takes minutes, none leaves it out")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, invalid("argument", flags.Arg(0), "give flags only")
	}
	return o, o.check(*what, *sizes)
}

func invalid(field, value, remedy string, args ...any) error {
	return &membership.FieldError{Field: field, Value: value, Remedy: fmt.Sprintf(remedy, args...)}
}

func (o *options) check(what, sizes string) (err error) {
	if o.runs < 1 || o.runs > mostRuns {
		return invalid("-runs", strconv.Itoa(o.runs), "use 1 to %d", mostRuns)
	}
	if o.idle != 0 && (o.idle < time.Second || o.idle > longestIdle) {
		return invalid("-idle", o.idle.String(), "use 1s to %v, or 0 for a whole period of push/pull", longestIdle)
	}
	if o.rate < rollCallers || o.rate > mostRate {
		return invalid("-rate", strconv.Itoa(o.rate), "use %d to %d", rollCallers, mostRate)
	}
	if o.span < time.Second || o.span > longestSpan {
		return invalid("-span", o.span.String(), "use 1s to %v", longestSpan)
	}
	if err := errors.Join(o.simulated.check(), o.together.check()); err != nil {
		return err
	}
	if o.slow < 1 || o.slow > mostSlow {
		return invalid("-slow", strconv.Itoa(o.slow), "use 1 to %d", mostSlow)
	}
	if o.coredns == "" {
		return invalid("-coredns", o.coredns, "use %s, %s or the file of a program", coreDNSBuild, coreDNSNone)
	}
	if o.idle > 0 {
		o.settle, o.window = shortSettle, o.idle
	}
	if o.what, err = parseWhat(what); err != nil {
		return err
	}
	o.sizes, err = parseSizes(sizes)
	return err
}

func parseWhat(list string) (names []string, err error) {
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); benches[name] == nil {
			return nil, invalid("-what", name, "use any of %s", strings.Join(benchNames(), ", "))
		}
		names = append(names, name)
	}
	return names, nil
}

func parseSizes(list string) (sizes []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < leastMembers || n > mostMembers {
			return nil, invalid("-n", text, "use numbers from %d to %d, separated by commas", leastMembers, mostMembers)
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}
