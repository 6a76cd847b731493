package docs_test

import (
	"strings"
	"testing"
)

// TestModesOfSecurity runs the commands of security.md for each mode, on a loopback host in place of all interfaces.
func TestModesOfSecurity(t *testing.T) {
	t.Parallel()
	program, folder := buildIn(t, root, "./examples/hello"), scratch(t, "grapevine")
	started := 0
	for _, b := range parse(t, "docs/security.md").blocks {
		if b.language != "console" {
			continue
		}
		for _, c := range commandsOf(t, b) {
			args, isHello := strings.CutPrefix(c.text, "go run ./examples/hello ")
			if !isHello {
				process := shell(t.Context(), c.text)
				process.Dir = folder
				process.Env = append(process.Environ(), "GOFLAGS=-trimpath -buildvcs=false")
				if out, err := process.CombinedOutput(); err != nil {
					t.Fatalf("%s: %q: %v\n%s", b, c.text, err, out)
				}
				continue
			}
			host, _, _ := strings.Cut(seedOnOwnHost(), ":")
			args = strings.ReplaceAll(args, "0.0.0.0", host)
			hello := begin(t, c.text, "env", append([]string{"-C", folder, program}, strings.Fields(args)...)...)
			want := "true"
			if strings.Contains(args, "-gossip.insecure") {
				want = "false"
			}
			if got := hello.find(`cluster: started .*sealed=(\w+)`); got != want {
				t.Errorf("%s: %q: sealed=%s, want %s", b, c.text, got, want)
			}
			hello.find(`hello from (\S+)`)
			hello.interrupt()
			started++
		}
	}
	if started != 3 {
		t.Errorf("security.md starts %d members, want one for each of 3 modes", started)
	}
}
