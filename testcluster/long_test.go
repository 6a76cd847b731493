package testcluster

import "flag"

// Long runs every test in its long form as well: more members, more rounds, days of virtual time.
// The everyday run has a small form of each.
var Long = flag.Bool("long", false, "run the long forms of the tests too, which takes minutes")

// Everyday returns small, or long with the flag -long.
func Everyday[T any](small, long T) T {
	if *Long {
		return long
	}
	return small
}
