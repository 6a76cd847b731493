package cluster

import (
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"github.com/grapevine-go/grapevine/membership"
)

const (
	flagPrefix     = "gossip."
	variablePrefix = "GOSSIP_"
)

// variable is the environment variable of a flag.
func variable(flag string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func env(flag string) string { return os.Getenv(variable(flag)) }

// environment is what [Flags] found wrong with environment variables. Start reports it, as Flags has no error.
type environment struct {
	unusable []unusableVariable
	unknown  []string // names
}

// unusableVariable is a variable whose value its flag would refuse.
type unusableVariable struct{ flag, value, remedy string }

// replaced forgets what is wrong with the variable of a flag that was given.
func (e *environment) replaced(flag string) {
	e.unusable = slices.DeleteFunc(e.unusable, func(v unusableVariable) bool { return v.flag == flag })
	if len(e.unusable) == 0 {
		e.unusable = nil
	}
}

// failure is about the first variable that cannot be used, as a [*membership.FieldError].
func (e environment) failure() error {
	if len(e.unusable) == 0 {
		return nil
	}
	first := e.unusable[0]
	return &membership.FieldError{Field: "environment variable " + variable(first.flag), Value: first.value,
		Remedy: first.remedy, Setting: "the default of -" + flagPrefix + first.flag}
}

// report warns of variables that look as if they were meant for a flag.
func (e environment) report(log zerolog.Logger) {
	for _, name := range e.unknown {
		event := log.Warn().Str("variable", name)
		if nearest := nearestVariable(name); nearest != "" {
			event = event.Str("nearest", nearest)
		}
		event.Msg("cluster: ignores an environment variable that belongs to no flag: correct its name or unset it")
	}
}

// unknownVariables returns the names in an environment, in the form of os.Environ, that begin as those of flags do and
// belong to none.
func unknownVariables(environ []string) (unknown []string) {
	known := make(map[string]bool)
	for _, flag := range flagNames {
		known[variable(flag)] = true
	}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, variablePrefix) && !known[name] && !isServiceLink(name, value) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

var (
	serviceLink = regexp.MustCompile(`_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$`)
	portLink    = regexp.MustCompile(`^(tcp|udp|sctp)://`)
)

// isServiceLink reports whether Kubernetes set the variable for a service called gossip or gossip-something.
func isServiceLink(name, value string) bool {
	return serviceLink.MatchString(name) || strings.HasSuffix(name, "_PORT") && portLink.MatchString(value)
}

// mostSlips is how many edits apart a name may be from the one that was meant.
const mostSlips = 2

// nearestVariable returns the variable of a flag that name most likely was meant to be, "" if it resembles none.
func nearestVariable(name string) (nearest string) {
	least := mostSlips + 1
	for _, flag := range flagNames {
		if edits := distance(name, variable(flag)); edits < least {
			nearest, least = variable(flag), edits
		}
	}
	return nearest
}

// distance is how many bytes must be inserted, deleted, replaced or swapped with the next to make b of a: the optimal
// string alignment, a form of the distance of Damerau and Levenshtein.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1) // rows[i][j] is the distance of a[:i] and b[:j]
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range len(b) {
		rows[0][j+1] = j + 1
	}
	for i := range len(a) {
		for j := range len(b) {
			replaced := rows[i][j]
			if a[i] != b[j] {
				replaced++
			}
			rows[i+1][j+1] = min(replaced, rows[i][j+1]+1, rows[i+1][j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				rows[i+1][j+1] = min(rows[i+1][j+1], rows[i-1][j-1]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
