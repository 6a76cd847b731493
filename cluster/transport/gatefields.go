package transport

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// The fields of memberlist's messages: each function reads one value, or makes what does, see packReader.

func upTo(most uint64) packReader {
	return func(b []byte) (packValue, []byte, error) {
		v, rest, err := packNumber(b)
		if err == nil && v.number > most {
			err = fmt.Errorf("is %d, %d at most", v.number, most)
		}
		return v, rest, err
	}
}

func atMost(size int) packReader {
	return func(b []byte) (packValue, []byte, error) {
		v, rest, err := packBytes(b)
		if err == nil && len(v.text) > size {
			err = fmt.Errorf("has %d bytes, %d at most", len(v.text), size)
		}
		return v, rest, err
	}
}

// orNone lets the empty value pass that memberlist leaves out.
func orNone(read packReader) packReader {
	return func(b []byte) (packValue, []byte, error) {
		if v, rest, err := packBytes(b); err == nil && len(v.text) == 0 {
			return v, rest, nil
		}
		return read(b)
	}
}

func readName(b []byte) (packValue, []byte, error) {
	v, rest, err := packText(b)
	switch {
	case err != nil:
	case len(v.text) == 0 || len(v.text) > mostName:
		err = fmt.Errorf("has %d bytes, 1 to %d are allowed", len(v.text), mostName)
	case slices.ContainsFunc(v.text, func(c byte) bool { return c <= ' ' || c > '~' }):
		err = fmt.Errorf("is %+.32q, which is not all printable ASCII", v.text)
	}
	return v, rest, err
}

// readError reads what memberlist returns to its caller, who will log it.
func readError(b []byte) (packValue, []byte, error) {
	v, rest, err := atMost(mostError)(b)
	if err == nil && slices.ContainsFunc(v.text, func(c byte) bool { return c < ' ' || c > '~' }) {
		err = fmt.Errorf("is %+.32q, which is not all printable ASCII", v.text)
	}
	return v, rest, err
}

func readIP(b []byte) (packValue, []byte, error) {
	v, rest, err := packBytes(b)
	if err == nil && len(v.text) != 4 && len(v.text) != 16 {
		err = fmt.Errorf("has %d bytes", len(v.text))
	}
	return v, rest, err
}

// readPort refuses 0, for which memberlist takes the port that it listens on itself.
func readPort(b []byte) (packValue, []byte, error) {
	v, rest, err := upTo(math.MaxUint16)(b)
	if err == nil && v.number == 0 {
		err = errors.New("is 0")
	}
	return v, rest, err
}

// readVersions reads which protocols a node understands, oldest, newest and current, first of memberlist and then of its
// delegate. memberlist ends a push/pull unless what each node speaks is understood by all that either side knows, and takes
// a node into its list without looking. So these must be such that no node can be in the way of others: it understands
// what every v0.7.0 does, speaks one of that, and has no delegate with versions, as nobody here has.
func readVersions(b []byte) (packValue, []byte, error) {
	v, rest, err := packBytes(b)
	switch {
	case err != nil:
	case len(v.text) != 6:
		err = fmt.Errorf("has %d bytes", len(v.text))
	case v.text[0] != 1 || v.text[1] < 5 || v.text[2] < 1 || v.text[2] > 5: // memberlist.ProtocolVersionMin and -Max
		err = fmt.Errorf("is %d to %d with %d, which not everybody understands", v.text[0], v.text[1], v.text[2])
	case v.text[3] != 0 || v.text[4] != 0 || v.text[5] != 0:
		err = fmt.Errorf("is %d to %d with %d for the delegate, which has none: %w",
			v.text[3], v.text[4], v.text[5], delegateVersions)
	}
	return v, rest, err
}
