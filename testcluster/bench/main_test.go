package main

import (
	"os"
	"testing"
)

// TestMain lets the tests' own binary be the children.
func TestMain(m *testing.M) {
	runChild()
	os.Exit(m.Run())
}
