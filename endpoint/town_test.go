package endpoint

import "github.com/grapevine-go/grapevine/membership"

// town is a store in which each peer offers users at an address made of its name: "a:80". One goroutine may change it.
type town struct {
	*membership.Store
	boots uint64
}

func newTown(names ...string) *town {
	town := &town{Store: membership.NewStore("me"), boots: 1}
	town.Apply(membership.Heard{Record: membership.Record{Name: "me", Boot: membership.Boot{Number: 1, ID: 1}, Version: 1}})
	town.join(names...)
	return town
}

// join begins a new boot of each name.
func (town *town) join(names ...string) {
	var changes []membership.Change
	for _, name := range names {
		town.boots++
		r := membership.Record{Name: name, Boot: membership.Boot{Number: town.boots, ID: town.boots}, Version: 1,
			Services: []membership.Service{{Name: "users", Address: name + ":80"}}}
		changes = append(changes, membership.Heard{Record: r}, membership.Up{Name: name, BootID: r.Boot.ID})
	}
	town.Apply(changes...)
}

// edit lets the owner of a record change it.
func (town *town) edit(name string, change func(*membership.Record)) {
	r, _ := town.Record(name)
	r = r.Clone()
	r.Version++
	change(&r)
	town.Apply(membership.Heard{Record: r})
}

// leave says goodbye for each name.
func (town *town) leave(names ...string) {
	for _, name := range names {
		town.edit(name, func(r *membership.Record) { r.State = membership.Left })
	}
	town.lose(names...)
}

// lose takes all of names away at once, without a goodbye. find brings them back.
func (town *town) lose(names ...string) {
	var changes []membership.Change
	for _, name := range names {
		r, _ := town.Record(name)
		changes = append(changes, membership.Down{Name: name, BootID: r.Boot.ID})
	}
	town.Apply(changes...)
}

func (town *town) find(names ...string) {
	var changes []membership.Change
	for _, name := range names {
		r, _ := town.Record(name)
		changes = append(changes, membership.Up{Name: name, BootID: r.Boot.ID})
	}
	town.Apply(changes...)
}
