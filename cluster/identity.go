package cluster

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/grapevine-go/grapevine/membership"
)

// identity is one life of one member. It is the name that memberlist knows a member by, so that for memberlist a
// restart is simply another node: nothing of the old one has to time out first, and a dead boot cannot return.
type identity struct {
	name string
	boot uint64
}

const bootDigits = 16

// String gives "catalog-1@00c0ffee00c0ffee"; '@' is not in any name.
func (id identity) String() string { return fmt.Sprintf("%s@%0*x", id.name, bootDigits, id.boot) }

func parseIdentity(s string) (identity, error) {
	name, digits, _ := strings.Cut(s, "@")
	boot, err := strconv.ParseUint(digits, 16, 64)
	id := identity{name, boot}
	if err != nil || id.String() != s {
		return identity{}, fmt.Errorf("%q is not name@boot", s)
	}
	return id, membership.CheckName("member name", name)
}

func identityOf(r membership.Record) identity { return identity{r.Name, r.Boot.ID} }
