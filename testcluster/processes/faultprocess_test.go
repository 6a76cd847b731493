//go:build unix

package processes_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
)

const processPatience = 30 * time.Second

// processes runs n members, m1 and so on, that all list each other.
func processes(t *testing.T, n int) (children []*child) {
	t.Helper()
	var names, seeds []string
	for i := range n {
		child := startChild(t, cluster.Config{Name: fmt.Sprintf("m%d", i+1), Cluster: "one", Join: seeds})
		children, names, seeds = append(children, child), append(names, child.name), append(seeds, child.address)
	}
	for _, child := range children {
		child.awaitNames(processPatience, names...)
	}
	return children
}

// checkKept expects that whoever is in kept was listed in every view since marks.
func checkKept(t *testing.T, children []*child, marks []int, kept ...string) {
	t.Helper()
	for i, child := range children {
		for _, l := range child.since(marks[i]) {
			for _, name := range kept {
				if l.Names != nil && !slices.Contains(l.Names, name) {
					t.Errorf("%s lists %v, without %s", child.name, l.Names, name)
				}
			}
		}
	}
}

func marksOf(children []*child) (marks []int) {
	for _, child := range children {
		marks = append(marks, child.mark())
	}
	return marks
}

// TestFault10_ShortPause stops a process for less than SWIM's patience: nobody is removed. The wait is the fault itself.
func TestFault10_ShortPause(t *testing.T) {
	if testing.Short() {
		t.Skip("takes real seconds")
	}
	t.Parallel()
	children := processes(t, 3)
	marks := marksOf(children)
	children[1].signal(syscall.SIGSTOP)
	time.Sleep(4 * time.Second)
	children[1].signal(syscall.SIGCONT)
	fourth := startChild(t, cluster.Config{Name: "m4", Cluster: "one", Join: []string{children[0].address}})
	for _, child := range append(children, fourth) { // all have spoken with each other since
		child.awaitNames(processPatience, "m1", "m2", "m3", "m4")
	}
	checkKept(t, children, marks, "m1", "m2", "m3")
}

// TestFault11_LongPause stops a process for longer: it is removed, and back when it goes on.
func TestFault11_LongPause(t *testing.T) {
	if testing.Short() {
		t.Skip("takes real seconds")
	}
	t.Parallel()
	children := processes(t, 4)
	marks := marksOf(children)
	stopped, rest := children[2], []*child{children[0], children[1], children[3]}
	stopped.signal(syscall.SIGSTOP)
	began := time.Now()
	for _, child := range rest {
		child.awaitNames(processPatience, "m1", "m2", "m4")
	}
	time.Sleep(12*time.Second - time.Since(began)) // the fault itself
	stopped.signal(syscall.SIGCONT)
	began = time.Now()
	for _, child := range children {
		child.awaitNames(processPatience, "m1", "m2", "m3", "m4")
	}
	t.Logf("back %v after it went on", time.Since(began))
	checkKept(t, rest, []int{marks[0], marks[1], marks[3]}, "m1", "m2", "m4")
}

// TestFault16_SecondProcess holds that a process whose name is taken ends, and says where the other is.
func TestFault16_SecondProcess(t *testing.T) {
	t.Parallel()
	children := processes(t, 2)
	marks := marksOf(children)
	second := childCommand(t, cluster.Config{Name: "m2", Cluster: "one", Join: []string{children[0].address}})
	second.WaitDelay = processPatience
	stdin, err := second.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(processPatience, func() { stdin.Close() }) // it ends without an error
	defer limit.Stop()
	var said strings.Builder
	second.Stderr = &said
	if err := second.Run(); err == nil || !strings.Contains(said.String(), children[1].address) {
		t.Errorf("it ended with %v and said %q, want an error with %s", err, said.String(), children[1].address)
	}
	checkKept(t, children, marks, "m1", "m2")
}

// TestFault17_OtherCluster has a process join with a seed of another cluster.
func TestFault17_OtherCluster(t *testing.T) {
	t.Parallel()
	testStranger(t, cluster.Config{Cluster: "one"}, cluster.Config{Cluster: "two"})
}

// TestFault37_OtherSecret has a process join with a seed whose secret it does not know.
func TestFault37_OtherSecret(t *testing.T) {
	t.Parallel()
	secret := cluster.NewSecret()
	for name, stranger := range map[string]cluster.Config{
		"another secret": {Cluster: "one", Secret: cluster.NewSecret()},
		"no secret":      {Cluster: "one"},
		"other cluster":  {Cluster: "two", Secret: secret},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testStranger(t, cluster.Config{Cluster: "one", Secret: secret}, stranger)
		})
	}
}

// testStranger expects that a stranger cannot join a member, and that neither ever lists the other.
func testStranger(t *testing.T, member, stranger cluster.Config) {
	member.Name, stranger.Name = "member", "stranger"
	first := startChild(t, member)
	stranger.Join = []string{first.address}
	second := startChild(t, stranger)
	var ready string
	second.await(processPatience, "says how joining went", func(lines []line) bool {
		for _, l := range lines {
			ready += l.Ready
		}
		return ready != ""
	})
	if ready == "<nil>" {
		t.Error("the stranger says that it has joined")
	}
	checkAlone(t, first)
	checkAlone(t, second)
}

func checkAlone(t *testing.T, c *child) {
	t.Helper()
	for _, l := range c.since(0) {
		if len(l.Names) > 1 {
			t.Errorf("%s lists %v", c.name, l.Names)
		}
	}
}

// TestFault17_AddressReused kills a member and starts one of another cluster in its place: neither cluster ever lists a member
// of the other, and each goes on.
func TestFault17_AddressReused(t *testing.T) {
	t.Parallel()
	secret := cluster.NewSecret()
	first := startChild(t, cluster.Config{Name: "m1", Cluster: "one", Secret: secret})
	second := startChild(t, cluster.Config{Name: "m2", Cluster: "one", Secret: secret, Join: []string{first.address}})
	for _, child := range []*child{first, second} {
		child.awaitNames(processPatience, "m1", "m2")
	}
	second.signal(syscall.SIGKILL)
	second.command.Wait()
	stranger := startChild(t, cluster.Config{Name: "s1", Cluster: "two", Secret: secret, Bind: second.address})
	first.awaitNames(processPatience, "m1")
	third := startChild(t, cluster.Config{Name: "m3", Cluster: "one", Secret: secret, Join: []string{second.address, first.address}})
	other := startChild(t, cluster.Config{Name: "s2", Cluster: "two", Secret: secret, Join: []string{second.address}})
	for _, child := range []*child{first, third} {
		child.awaitNames(processPatience, "m1", "m3")
	}
	for _, child := range []*child{stranger, other} {
		child.awaitNames(processPatience, "s1", "s2")
	}
	for _, child := range []*child{first, third, stranger, other} {
		for _, l := range child.since(0) {
			if text := strings.Join(l.Names, ""); strings.Contains(text, "m") && strings.Contains(text, "s") {
				t.Errorf("%s has listed %v", child.name, l.Names)
			}
		}
	}
}
