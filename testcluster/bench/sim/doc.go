// Package sim simulates clients that call backends, one event at a time, to see how long requests take by the rule that
// picks the backend. The rules are real balancers, which read a real clock: a run takes place in a bubble of
// testing/synctest, and sleeps as time passes in it, so that their clocks and timers are on virtual time too.
package sim
