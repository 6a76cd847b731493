package dnsendpoint

import (
	"strings"

	"github.com/grapevine-go/grapevine/membership"
)

// zone is the zone that a server answers for.
type zone struct {
	text string // without the final dot
	wire []byte // with the root
}

// longestZone leaves room for the longest service name in front.
const longestZone = 120

// newZone checks the name of a zone. The final dot may be missing.
func newZone(text string) (zone, error) {
	trimmed := lowerText(strings.TrimSuffix(text, "."))
	wire, ok := appendLabels(nil, trimmed)
	if !ok || len(trimmed) > longestZone || !isHostName(trimmed) {
		return zone{}, &membership.FieldError{Field: "DNS zone", Value: text, Setting: "Server.Zone",
			Remedy: `use a domain of at most 120 bytes, its labels of letters, digits and "-": prod.internal.`}
	}
	return zone{text: trimmed, wire: append(wire, 0)}, nil
}

// at returns where the zone begins in a message whose question is a name of the given length on
// the wire, for pointers.
func (z zone) at(questionName int) int { return headerSize + questionName - len(z.wire) }
