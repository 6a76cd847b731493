// Package sim simulates clients that call backends, one event at a time, to see how long requests take by the rule that
// picks the backend. The rules are real balancers, which read a real clock: a run takes place in a bubble of
// testing/synctest, and sleeps from one event to the next, so that their clocks and timers are on virtual time too.
package sim
