package membership

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// FieldError reports one value that cannot be used: the field, the value, and a remedy.
type FieldError struct {
	Field   string // as the user knows it: "service name", "advertise address"
	Value   string // the offending value, as given
	Remedy  string // which values are accepted
	Setting string // where the value is set, if it may be far away: "Config.Bind, -gossip.bind"
}

func (e *FieldError) Error() string {
	if e.Setting == "" {
		return fmt.Sprintf("%s %s: %s", e.Field, quote(e.Value), e.Remedy)
	}
	return fmt.Sprintf("%s %s (%s): %s", e.Field, quote(e.Value), e.Setting, e.Remedy)
}

func unusable(field, value, remedy string) *FieldError {
	return &FieldError{Field: field, Value: value, Remedy: remedy}
}

// longestShown keeps an error that quotes a huge value readable.
const longestShown = 64

// quote escapes what does not belong in a log line and cuts what is too long for one.
func quote(value string) string {
	if len(value) <= longestShown {
		return strconv.Quote(value)
	}
	return fmt.Sprintf("%q... (%d bytes)", value[:longestShown], len(value))
}

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// CheckName reports whether value may name a member, a service, a zone or a cluster. The error is a [*FieldError]
// for field.
func CheckName(field, value string) error {
	if namePattern.MatchString(value) {
		return nil
	}
	return unusable(field, value, "use 1 to 63 of a-z, 0-9, '.', '_' and '-', and begin with a letter or a digit")
}

// CheckAddress reports whether value is an address that another host can dial: a host name or an IP, a colon and a
// port from 1 to 65535. The error is a [*FieldError] for field.
func CheckAddress(field, value string) error {
	host, port, err := net.SplitHostPort(value)
	if err != nil {
		return unusable(field, value, "use host:port, with an IPv6 host in brackets: 10.0.0.7:8080, [fd00::7]:8080")
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return unusable(field, value, "use a port from 1 to 65535 after the host")
	}
	if err := checkText(field, value); err != nil {
		return err
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "" || err == nil && ip.WithZone("").Unmap().IsUnspecified():
		return unusable(field, value, "use an address that other hosts can dial, not the wildcard of a listener")
	case err != nil && !hostPattern.MatchString(host):
		return unusable(field, value, "use an IP or a host name before the port")
	default:
		return nil
	}
}

// hostPattern is what host names are made of (RFC 1123), with the underscore that some networks use.
var hostPattern = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})$`)

// checkText refuses what could forge a line in a log or a page: bytes that are no UTF-8, and what does not print.
func checkText(field, value string) error {
	if !utf8.ValidString(value) {
		return unusable(field, value, "use valid UTF-8")
	}
	for _, r := range value {
		if !unicode.IsPrint(r) {
			return unusable(field, value, "use printable characters only")
		}
	}
	return nil
}
