package cluster_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grapevine-go/grapevine/cluster"
	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

func TestRegisterRefused(t *testing.T) {
	sealed(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		m := c.Members[0]
		registration := mustRegister(t, m, users(m))
		c.AwaitViews(prompt, c.Members, offers("users", usersAddress(m)))
		before := snapshots(c)
		register := func(s membership.Service) error {
			_, err := m.Register(s)
			return err
		}
		wantFieldError(t, register(users(m)), "service name", "users")
		wantFieldError(t, register(membership.Service{Name: "Users", Address: "a:1"}), "service name", "Users")
		wantFieldError(t, register(membership.Service{Name: "b", Address: "a"}), `address of service "b"`, "a")
		wantFieldError(t, registration.Update(membership.Service{Name: "b", Address: "a:1"}), "service name", "b")
		wantFieldError(t, registration.Update(membership.Service{Name: "users"}), `address of service "users"`, "")
		unchanged(t, c, before)
	})
}

func TestFault32_RecordTooBig(t *testing.T) {
	sealed(t, 2, func(t *testing.T, c *testcluster.Cluster) {
		m := c.Members[0]
		registration := mustRegister(t, m, users(m))
		c.AwaitViews(prompt, c.Members, offers("users", usersAddress(m)))
		before := snapshots(c)
		big := membership.Service{Name: "big", Address: "a:1", Version: strings.Repeat("x", membership.MaxRecord)}
		_, err := m.Register(big)
		wantFieldError(t, err, "record of member", "m1")
		big.Name = "users"
		wantFieldError(t, registration.Update(big), "record of member", "m1")
		unchanged(t, c, before)

		config := c.Config(c.Network.Host(), cluster.Config{Name: "new", Metadata: map[string]string{"k": big.Version}})
		_, err = cluster.Start(t.Context(), config)
		wantFieldError(t, err, "record of member", "new")
		if len(err.Error()) > 1000 {
			t.Errorf("the error has %d bytes", len(err.Error()))
		}
	})
}

func snapshots(c *testcluster.Cluster) (snapshots []*membership.Snapshot) {
	synctest.Wait()
	for _, m := range c.Members {
		snapshots = append(snapshots, m.View().Snapshot())
	}
	return snapshots
}

// unchanged says that no view has changed since, nor does soon.
func unchanged(t *testing.T, c *testcluster.Cluster, before []*membership.Snapshot) {
	t.Helper()
	time.Sleep(time.Second)
	for i, now := range snapshots(c) {
		if now != before[i] {
			t.Errorf("the view of %s has changed: version %d became %d", c.Members[i].Name(), before[i].Version(), now.Version())
		}
	}
}

func wantFieldError(t *testing.T, err error, field, value string) {
	t.Helper()
	var got *membership.FieldError
	if !errors.As(err, &got) || got.Field != field || got.Value != value || got.Remedy == "" {
		t.Errorf("%v, want a FieldError for %s %q with a remedy", err, field, value)
	}
}
