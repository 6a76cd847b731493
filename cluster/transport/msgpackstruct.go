package transport

import (
	"fmt"
	"slices"
)

// packField is one field of a Go struct.
type packField struct {
	name     string
	read     packReader
	optional bool // tagged omitempty: an empty one is not written
}

// mostFields is how many the largest struct has.
const mostFields = 8

// packStruct is a struct that was read: the value of each field, in the order of fields.
type packStruct struct {
	fields []packField
	values [mostFields]packValue
	raw    [mostFields][]byte // each value as it was written; nil where it was left out
}

// value is that of a field, or nothing where it was left out or the struct has none of that name.
func (s *packStruct) value(name string) packValue {
	for i, field := range s.fields {
		if field.name == name {
			return s.values[i]
		}
	}
	return packValue{}
}

// read takes a map with exactly the fields of s off the front, in any order.
func (s *packStruct) read(b []byte) (rest []byte, err error) {
	pairs, rest, err := packMap(b)
	if err != nil {
		return nil, err
	}
	if pairs > uint64(len(s.fields)) {
		return nil, fmt.Errorf("has %d fields, %d at most", pairs, len(s.fields))
	}
	var seen [mostFields]bool
	for range pairs {
		var key packValue
		if key, rest, err = packText(rest); err != nil {
			return nil, fmt.Errorf("the name of a field %w", err)
		}
		i := s.index(key.text)
		switch {
		case i < 0:
			return nil, fmt.Errorf("field %+.32q is not known", key.text)
		case seen[i]:
			return nil, fmt.Errorf("field %s is there twice", s.fields[i].name)
		}
		seen[i] = true
		before := rest
		if s.values[i], rest, err = s.fields[i].read(rest); err != nil {
			return nil, fmt.Errorf("field %s %w", s.fields[i].name, err)
		}
		s.raw[i] = before[:len(before)-len(rest)]
	}
	for i, field := range s.fields {
		if !seen[i] && !field.optional {
			return nil, fmt.Errorf("field %s is missing", field.name)
		}
	}
	return rest, nil
}

func (s *packStruct) index(name []byte) int {
	for i, field := range s.fields {
		if field.name == string(name) {
			return i
		}
	}
	return -1
}

// rewrite returns a message of a kind with the values of s, but for those in changes; nil leaves one out.
func (s *packStruct) rewrite(kind byte, changes map[string][]byte) []byte {
	b, pairs := []byte{kind, 0}, 0
	for i, field := range s.fields {
		raw := s.raw[i]
		if changed, ok := changes[field.name]; ok {
			raw = changed
		}
		if raw != nil {
			b, pairs = append(packAppendText(b, field.name), raw...), pairs+1
		}
	}
	b[1] = packOf(pairs)
	return b
}

// rename returns a message of another kind, in which one field has another name and one is missing.
func (s *packStruct) rename(kind byte, field, name, without string) []byte {
	other := *s
	other.fields = slices.Clone(s.fields)
	other.fields[other.index([]byte(field))].name = name
	return other.rewrite(kind, map[string][]byte{without: nil})
}
