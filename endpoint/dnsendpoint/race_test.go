//go:build race

package dnsendpoint

const raceEnabled = true
