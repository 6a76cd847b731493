//go:build !race

package dnsendpoint

const raceEnabled = false
