package dnsendpoint

import (
	"bytes"
	"strings"
)

// longestName is the most bytes of a name in text, without the final dot: 255 on the wire, less the
// length of its first label and the root.
const longestName = 253

// mostLabel is the most bytes of a label.
const mostLabel = 63

// name is a domain name in lower case, its labels joined by dots: "catalog.service.prod.internal".
// A label that holds a dot looks like two: "a.b" as one label finds what "a" and "b" find.
type name struct {
	bytes  [longestName]byte
	length int
}

func (n *name) text() []byte { return n.bytes[:n.length] }

// add appends a label, and reports whether there was room.
func (n *name) add(label []byte) bool {
	if n.length > 0 {
		if n.length == longestName {
			return false
		}
		n.bytes[n.length] = '.'
		n.length++
	}
	if len(label) > longestName-n.length {
		return false
	}
	for _, b := range label {
		n.bytes[n.length] = lower(b)
		n.length++
	}
	return true
}

// lower folds the case of ASCII, as DNS does (RFC 4343).
func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		b += 'a' - 'A'
	}
	return b
}

func lowerText(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, text)
}

// under cuts suffix off a name, and reports whether the name is suffix or below it.
func under(text []byte, suffix string) (rest []byte, ok bool) {
	at := len(text) - len(suffix)
	switch {
	case at < 0 || string(text[at:]) != suffix:
		return nil, false
	case at == 0:
		return nil, true
	case text[at-1] != '.':
		return nil, false
	}
	return text[:at-1], true
}

// nextLabel returns where the label after the one at begins, or -1.
func nextLabel(text []byte, at int) int {
	dot := bytes.IndexByte(text[at:], '.')
	if dot < 0 {
		return -1
	}
	return at + dot + 1
}

// appendLabels appends the labels of a name in text to buf in wire form, without the root. It
// reports whether the wire can hold them.
func appendLabels(buf []byte, text string) ([]byte, bool) {
	if len(text) > longestName {
		return buf, false
	}
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > mostLabel {
			return buf, false
		}
		buf = append(append(buf, byte(len(label))), label...)
	}
	return buf, true
}

// isHostName reports whether text is a host name of RFC 1123: labels of letters, digits and
// hyphens that neither begin nor end with a hyphen.
func isHostName(text string) bool {
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > mostLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := lower(label[i]); c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
				return false
			}
		}
	}
	return true
}
