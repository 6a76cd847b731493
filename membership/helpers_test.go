package membership

import (
	"fmt"
	"strings"
)

// boot is a life with that number and an ID of its own.
func boot(number uint64) Boot { return Boot{Number: number, ID: 0xb0070 + number} }

// users is the service that most tests look for, at address.
func users(address string) Service {
	return Service{Name: "users", Address: address, Weight: DefaultWeight}
}

// member is a first record of name, active and of its first boot, that offers services.
func member(name string, services ...Service) Record {
	return Record{Name: name, Boot: boot(1), Version: 1, State: Active, Services: services}
}

// next is the record with which the owner of r follows it up.
func next(r Record, state State) Record {
	r.Version++
	r.State = state
	return r
}

// restarted is the first record of the boot that follows that of r.
func restarted(r Record) Record {
	r.Boot, r.Version, r.State = boot(r.Boot.Number+1), 1, Active
	return r
}

func heard(r Record) Heard { return Heard{Record: r} }
func down(r Record) Down   { return Down{Name: r.Name, BootID: r.Boot.ID} }
func up(r Record) Up {
	return Up{Name: r.Name, BootID: r.Boot.ID, Address: fmt.Sprintf("%s-%d:7946", r.Name, r.Boot.ID)}
}

// storeOf belongs to the member "self", which offers nothing, and knows each of peers to be alive.
func storeOf(peers ...Record) *Store {
	s := NewStore("self")
	s.Apply(heard(member("self")))
	s.Apply(alive(peers...)...)
	return s
}

// alive is what makes peers known and listed.
func alive(peers ...Record) []Change {
	var changes []Change
	for _, peer := range peers {
		changes = append(changes, heard(peer), up(peer))
	}
	return changes
}

// crowd is n members that all offer users, each at an address of its own.
func crowd(n int) []Record {
	peers := make([]Record, n)
	for i := range peers {
		peers[i] = member(fmt.Sprintf("m%04d", i), users(fmt.Sprintf("m%04d:80", i)))
	}
	return peers
}

// names lists the members of the store's latest snapshot, self left out, as "a b c".
func names(s *Store) string {
	var names []string
	for _, m := range s.View().Snapshot().Members() {
		if m.Name != "self" {
			names = append(names, m.Name)
		}
	}
	return strings.Join(names, " ")
}

// picture tells all that a snapshot says, to compare it with another or with itself at another time.
func picture(s *Snapshot) string {
	var b strings.Builder
	fmt.Fprintln(&b, "err:", s.Err())
	for _, m := range s.Members() {
		fmt.Fprintf(&b, "%+v\n", m)
	}
	for _, name := range s.Services() {
		fmt.Fprintf(&b, "%s: %+v\n", name, s.Instances(name))
		fmt.Fprintf(&b, "  available: %+v\n", s.Available(name))
		fmt.Fprintf(&b, "  addresses: %q\n", s.Addresses(name))
	}
	return b.String()
}

// records is all that s knows.
func records(s *Store) []Heard {
	var names []string
	for _, h := range s.Heads() {
		names = append(names, h.Name)
	}
	return s.Known(names)
}

// changes are what a peer that is told records learns.
func changes(records []Heard) (changes []Change) {
	for _, known := range records {
		changes = append(changes, known)
	}
	return changes
}
