package processes_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

// TestFault3_PartitionBetweenHosts cuts two hosts of two processes each from each other until all have noticed, or for longer
// than memberlist remembers who is dead, and mends the cable. The seed of all is on one side.
func TestFault3_PartitionBetweenHosts(t *testing.T) {
	if testing.Short() {
		t.Skip("takes real seconds")
	}
	t.Parallel()
	var lasts time.Duration // the fault itself
	if *long {
		lasts = 35 * time.Second // memberlist remembers for 30 s
	}
	hosts := twoHosts(t, "input", "udp length 0 drop")
	secret := cluster.NewSecret()
	var all []*child
	var names []string
	for i := range 4 {
		name, host := fmt.Sprintf("m%d", i+1), i%2
		child := startOn(t, hosts[host], cluster.Config{Name: name, Cluster: "one", Secret: secret,
			Bind: fmt.Sprintf("10.77.0.%d:%d", host+1, 7946+i), Join: []string{"10.77.0.1:7946"}}, new(lockedBuffer))
		all, names = append(all, child), append(names, name)
	}
	for _, child := range all {
		child.awaitNames(processPatience, names...)
	}
	began := time.Now()
	cable := func(rule ...string) {
		t.Helper()
		if err := tool("ip", append([]string{"netns", "exec", hosts[0], "nft"}, rule...)...); err != nil {
			t.Fatal(err)
		}
	}
	cable("add", "rule", "inet", "faults", "drops", "iifname", "cable", "drop")
	for i, child := range all {
		child.awaitNames(processPatience, [][]string{{"m1", "m3"}, {"m2", "m4"}}[i%2]...)
	}
	time.Sleep(lasts - time.Since(began))
	cable("flush", "chain", "inet", "faults", "drops")
	began = time.Now()
	for _, child := range all {
		child.awaitNames(afterHeal, names...)
	}
	t.Logf("a full view %v after the heal", time.Since(began))
}
