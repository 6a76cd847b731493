package membership

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"
)

// Generators of everything that a member may say about itself.
var (
	anyName    = rapid.StringMatching(`[a-z0-9][a-z0-9._-]{0,62}`)
	anyText    = rapid.StringOfN(rapid.RuneFrom([]rune(`abc019 -_.,:;/<>&"'\öβ漢🍇`)), 0, 20, -1)
	anyHost    = rapid.SampledFrom([]string{"10.0.0.7", "[fd00::7]", "users.internal", "localhost"})
	anyBoot    = rapid.Custom(drawBoot)
	anyState   = rapid.SampledFrom([]State{Active, Draining, Left})
	anyService = rapid.Custom(drawService)
	anyRecord  = rapid.Custom(drawRecord)
	anyVersion = rapid.ByteRange(OldestWireVersion, WireVersion)
	anyField   = rapid.Custom(drawField)
)

func drawBoot(t *rapid.T) Boot {
	return Boot{Number: rapid.Uint64Max(NumberLimit-1).Draw(t, "number"), ID: rapid.Uint64().Draw(t, "id")}
}

// drawMap gives nil in place of an empty map, as a record has after a trip over the wire.
func drawMap(t *rapid.T) map[string]string {
	m := rapid.MapOfN(anyText, anyText, 0, 5).Draw(t, "metadata")
	if len(m) == 0 {
		return nil
	}
	return m
}

func drawService(t *rapid.T) Service {
	s := Service{
		Name:     anyName.Draw(t, "service"),
		Address:  fmt.Sprintf("%s:%d", anyHost.Draw(t, "host"), rapid.Uint16Min(1).Draw(t, "port")),
		Version:  anyText.Draw(t, "version"),
		Weight:   rapid.IntRange(1, MaxWeight).Draw(t, "weight"),
		Metadata: drawMap(t),
	}
	for range rapid.IntRange(0, 3).Draw(t, "tags") {
		s.Tags = append(s.Tags, anyText.Draw(t, "tag"))
	}
	return s
}

func drawRecord(t *rapid.T) Record {
	r := Record{
		Name:     anyName.Draw(t, "name"),
		Boot:     anyBoot.Draw(t, "boot"),
		Version:  rapid.Uint64Max(NumberLimit-1).Draw(t, "version"),
		State:    anyState.Draw(t, "state"),
		Zone:     rapid.OneOf(rapid.Just(""), anyName).Draw(t, "zone"),
		Metadata: drawMap(t),
	}
	services := rapid.SliceOfNDistinct(anyService, 0, 4, func(s Service) string { return s.Name }).Draw(t, "services")
	if len(services) > 0 {
		r.Services = services
	}
	r.Started = fromMillis(rapid.Uint64Range(0, latestStart).Draw(t, "started"))
	r.Registered = drawRegistered(t, r.Services)
	r.later = drawLater(t)
	return r
}

func drawRegistered(t *rapid.T, services []Service) map[string]time.Time {
	registered := make(map[string]time.Time)
	for _, service := range services {
		if rapid.Bool().Draw(t, "known") {
			registered[service.Name] = fromMillis(rapid.Uint64Range(1, latestStart).Draw(t, "registered"))
		}
	}
	if len(registered) == 0 {
		return nil
	}
	return registered
}

// drawField gives one that this release does not know.
func drawField(t *rapid.T) field {
	return field{
		rapid.Uint64Min(fieldRegistered+1).Draw(t, "number"),
		string(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "value")),
	}
}

func drawLater(t *rapid.T) []field {
	later := rapid.SliceOfNDistinct(anyField, 0, 4, func(f field) uint64 { return f.number }).Draw(t, "later")
	if len(later) == 0 {
		return nil
	}
	slices.SortFunc(later, func(a, b field) int { return cmp.Compare(a.number, b.number) })
	return later
}
