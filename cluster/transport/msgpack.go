package transport

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// This file reads the part of msgpack (github.com/msgpack/msgpack, spec.md) that go-msgpack writes for memberlist: maps of
// known names to text, bytes, numbers that are not negative, and flags. A reader takes one value off the front and gives
// what follows. None copies, none recurses, and no length is believed before as many bytes were seen.

var (
	errCut      = errors.New("is cut short")
	errNegative = errors.New("is negative")
)

// packValue is what one reader read: text and bytes as a part of the input, a number or a flag as a number.
type packValue struct {
	text   []byte
	number uint64
}

// packReader reads one value and says what is wrong with it, to follow the name of a field.
type packReader func(b []byte) (v packValue, rest []byte, err error)

// packTake takes n bytes.
func packTake(b []byte, n uint64) (taken, rest []byte, err error) {
	if n > uint64(len(b)) {
		return nil, nil, errCut
	}
	return b[:n], b[n:], nil
}

// packBig reads size bytes, the most significant one first.
func packBig(b []byte, size uint64) (n uint64, rest []byte, err error) {
	digits, rest, err := packTake(b, size)
	for _, digit := range digits {
		n = n<<8 | uint64(digit)
	}
	return n, rest, err
}

// packMap reads the head of a map. As many pairs follow as it says, if one may believe it.
func packMap(b []byte) (pairs uint64, rest []byte, err error) {
	if len(b) == 0 {
		return 0, nil, errCut
	}
	switch first := b[0]; {
	case first&0xf0 == 0x80: // the length is in the first byte
		return uint64(first & 0x0f), b[1:], nil
	case first == 0xde:
		return packBig(b[1:], 2)
	case first == 0xdf:
		return packBig(b[1:], 4)
	default:
		return 0, nil, fmt.Errorf("is no map but %#02x", first)
	}
}

// packText reads text or bytes, which go-msgpack does not tell apart: it writes both in the old form, without str8.
func packText(b []byte) (v packValue, rest []byte, err error) {
	if len(b) == 0 {
		return v, nil, errCut
	}
	var size uint64
	switch first := b[0]; {
	case first&0xe0 == 0xa0: // the length is in the first byte
		size, rest = uint64(first&0x1f), b[1:]
	case first == 0xd9, first == 0xc4: // str8, bin8
		size, rest, err = packBig(b[1:], 1)
	case first == 0xda, first == 0xc5:
		size, rest, err = packBig(b[1:], 2)
	case first == 0xdb, first == 0xc6:
		size, rest, err = packBig(b[1:], 4)
	default:
		err = fmt.Errorf("is neither text nor bytes but %#02x", first)
	}
	if err != nil {
		return v, nil, err
	}
	v.text, rest, err = packTake(rest, size)
	return v, rest, err
}

// packBytes reads bytes, or the nil that stands for none.
func packBytes(b []byte) (v packValue, rest []byte, err error) {
	if len(b) > 0 && b[0] == 0xc0 {
		return v, b[1:], nil
	}
	return packText(b)
}

// packNumber reads a number of any width. The signed forms are what a Go int is written in.
func packNumber(b []byte) (v packValue, rest []byte, err error) {
	if len(b) == 0 {
		return v, nil, errCut
	}
	switch first := b[0]; {
	case first < 0x80: // the number itself
		return packValue{number: uint64(first)}, b[1:], nil
	case first >= 0xe0: // the number itself, from -32 to -1
		return v, nil, errNegative
	case 0xcc <= first && first <= 0xcf:
		v.number, rest, err = packBig(b[1:], 1<<(first-0xcc))
		return v, rest, err
	case 0xd0 <= first && first <= 0xd3:
		size := uint64(1) << (first - 0xd0)
		v.number, rest, err = packBig(b[1:], size)
		if err == nil && v.number>>(8*size-1) != 0 {
			err = errNegative
		}
		return v, rest, err
	default:
		return v, nil, fmt.Errorf("is no number but %#02x", first)
	}
}

// The following write what the readers read, in the forms that go-msgpack uses.

// packOf is the head of a map of a few pairs.
func packOf(pairs int) byte { return 0x80 | byte(pairs) }

func packAppendText(b []byte, text string) []byte {
	if len(text) < 32 {
		return append(append(b, 0xa0|byte(len(text))), text...)
	}
	return append(binary.BigEndian.AppendUint16(append(b, 0xda), uint16(len(text))), text...)
}

func packAppendNumber(b []byte, n uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, 0xce), n)
}

func packFlag(b []byte) (v packValue, rest []byte, err error) {
	switch {
	case len(b) == 0:
		return v, nil, errCut
	case b[0] != 0xc2 && b[0] != 0xc3:
		return v, nil, fmt.Errorf("is no flag but %#02x", b[0])
	}
	return packValue{number: uint64(b[0] & 1)}, b[1:], nil
}
