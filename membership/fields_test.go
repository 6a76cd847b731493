package membership

import (
	"strings"
	"testing"
)

// wireFields is a record in wire version 2 up to its fields, put together by hand.
var wireFields = "\x02" + wireHead[1:] + wireNone + wireNone

func TestMalformedFields(t *testing.T) {
	const started, later = "\x01\x01\x07", "\x05\x00"
	if _, err := DecodeRecord([]byte(wireFields + "\x02" + started + later)); err != nil {
		t.Fatalf("the fields to spoil are refused already: %v", err)
	}
	for name, tt := range map[string]struct{ fields, says string }{
		"no list":             {"", "bad number"},
		"cut short":           {"\x02" + started, "2 elements announced, 3 bytes left"},
		"number 0":            {"\x01\x00\x00", "fields out of order"},
		"out of order":        {"\x02" + later + started, "fields out of order"},
		"twice":               {"\x02" + later + later, "fields out of order"},
		"long number":         {"\x01\x85\x00\x00", "bad number"},
		"start of 0":          {"\x01\x01\x01\x00", "bad time of start"},
		"start of no bytes":   {"\x01\x01\x00", "bad time of start"},
		"start in long form":  {"\x01\x01\x02\x87\x00", "bad time of start"},
		"start and more":      {"\x01\x01\x02\x07\x07", "bad time of start"},
		"start in year 10000": {"\x01\x01\x07" + "\x80\xb8\xff\x90\xfd\xce\x39", "bad time of start"},
		"huge value":          {"\x01\x05\xff\xff\xff\xff\x0f", "bytes announced"},
		"huge count":          {"\xff\xff\xff\xff\x0f" + started, "elements announced"},
		"one byte more":       {"\x00\x00", "1 bytes after the end"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeRecord([]byte(wireFields + tt.fields))
			checkMalformed(t, err)
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error is %q, want it to say %q", err, tt.says)
			}
		})
	}
}

// Version 1 has no fields, not even an empty list of them.
func TestFieldsInVersion1(t *testing.T) {
	_, err := DecodeRecord([]byte("\x01" + wireFields[1:] + "\x00"))
	checkMalformed(t, err)
}
