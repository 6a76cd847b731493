package membership

import "time"

// When most instances of a service fall silent together, it is more likely that something between them and this process has
// failed than that all of them are dead. What was last known is then worth more than an empty list: the lost are listed on,
// as suspected, and go one by one, on proof. They are let go as well once most instances of the service are there again, and after an hour.
const (
	sparedWindow = 30 * time.Second // SWIM gives up members beyond a cut one after another, within less
	leastSpared  = 2                // one alone is no mass
)

// spare looks at the services of those who were just lost or are back.
func (s *Store) spare(touched map[string]bool) {
	if !s.looked(touched) {
		return
	}
	living, lost := make(map[string]int), make(map[string][]string)
	for name, e := range s.entries {
		switch {
		case !e.whole() || e.record.State == Left || name == s.self:
		case e.lives():
			for _, service := range e.record.Services {
				living[service.Name]++
			}
		case e.lost && (time.Since(e.gone) <= sparedWindow || e.spared && time.Since(e.gone) < forgetAfter):
			for _, service := range e.record.Services {
				lost[service.Name] = append(lost[service.Name], name)
			}
		}
	}
	spared := make(map[string]bool)
	for service, names := range lost {
		if len(names) < leastSpared || len(names) <= living[service] {
			continue
		}
		for _, name := range names {
			spared[name] = true
		}
	}
	for name, e := range s.entries {
		if e.spared != spared[name] {
			e.spared, touched[name] = spared[name], true
		}
	}
	s.spared = len(spared) > 0
}

// looked says whether there may be something to spare, or to let go.
func (s *Store) looked(touched map[string]bool) bool {
	for name := range touched {
		if e := s.entries[name]; e.lost && !e.lives() && time.Since(e.gone) <= sparedWindow {
			return true
		}
	}
	return s.spared
}
