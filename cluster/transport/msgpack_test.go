package transport

import (
	"bytes"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// TestMsgpackForms gives every form that a value can have, to a field of each type.
func TestMsgpackForms(t *testing.T) {
	name, text := gatePacked("Node"), "c"
	for form, tt := range map[string]struct {
		seqNo, node rawPack
		want        string
	}{
		"fixnum, fixstr":  {rawPack{0x7f}, append(rawPack{0xa1}, text...), ""},
		"uint8, str8":     {rawPack{0xcc, 0xff}, append(rawPack{0xd9, 1}, text...), ""},
		"uint16, str16":   {rawPack{0xcd, 0xff, 0xff}, append(rawPack{0xda, 0, 1}, text...), ""},
		"uint32, str32":   {rawPack{0xce, 0xff, 0xff, 0xff, 0xff}, append(rawPack{0xdb, 0, 0, 0, 1}, text...), ""},
		"uint64, bin8":    {rawPack{0xcf, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, append(rawPack{0xc4, 1}, text...), ""},
		"int8, bin16":     {rawPack{0xd0, 0x7f}, append(rawPack{0xc5, 0, 1}, text...), ""},
		"int16, bin32":    {rawPack{0xd1, 0x7f, 0xff}, append(rawPack{0xc6, 0, 0, 0, 1}, text...), ""},
		"int32":           {rawPack{0xd2, 0x7f, 0xff, 0xff, 0xff}, rawPack("\xa1c"), ""},
		"int64":           {rawPack{0xd3, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, rawPack("\xa1c"), ""},
		"uint64, large":   {rawPack{0xcf, 0, 0, 0, 1, 0, 0, 0, 0}, rawPack("\xa1c"), "is 4294967296"},
		"int64, large":    {rawPack{0xd3, 0x7f, 0, 0, 0, 0, 0, 0, 0}, rawPack("\xa1c"), "at most"},
		"negative fixnum": {rawPack{0xff}, rawPack("\xa1c"), "is negative"},
		"negative int8":   {rawPack{0xd0, 0x80}, rawPack("\xa1c"), "is negative"},
		"negative int16":  {rawPack{0xd1, 0x80, 0}, rawPack("\xa1c"), "is negative"},
		"negative int32":  {rawPack{0xd2, 0xff, 0xff, 0xff, 0xff}, rawPack("\xa1c"), "is negative"},
		"negative int64":  {rawPack{0xd3, 0xff, 0, 0, 0, 0, 0, 0, 0}, rawPack("\xa1c"), "is negative"},
		"float":           {rawPack{0xca, 0, 0, 0, 0}, rawPack("\xa1c"), "is no number but 0xca"},
		"nil":             {rawPack{0xc0}, rawPack("\xa1c"), "is no number but 0xc0"},
		"bool":            {rawPack{0xc3}, rawPack("\xa1c"), "is no number but 0xc3"},
		"array":           {rawPack{0x01}, rawPack{0x91, 'c'}, "is neither text nor bytes but 0x91"},
		"map":             {rawPack{0x01}, rawPack{0x81, 0xa1, 'c', 1}, "is neither text nor bytes but 0x81"},
		"extension":       {rawPack{0x01}, rawPack{0xd4, 1, 'c'}, "is neither text nor bytes but 0xd4"},
		"never used":      {rawPack{0x01}, rawPack{0xc1}, "is neither text nor bytes but 0xc1"},
	} {
		t.Run(form, func(t *testing.T) {
			b := append([]byte{mlPing}, gateMap("SeqNo", tt.seqNo, "Node", tt.node)...)
			gateWants(t, checkPacket(b, ""), tt.want)
			if tt.want != "" {
				return
			}
			for cut := 1; cut < len(b); cut++ {
				gateWants(t, checkPacket(b[:cut], ""), "ping: ")
			}
			if got := gateDecoded[mlPingStruct](t, b[1:]); got.Node != text { // the codec reads the same
				t.Errorf("the codec reads %+v", got)
			}
		})
	}
	for _, head := range []rawPack{{0xde, 0, 2}, {0xdf, 0, 0, 0, 2}} { // longer forms of a map of two
		b := append(append([]byte{mlPing}, head...), gateMap("SeqNo", 1, rawPack(name), "c")[1:]...)
		gateWants(t, checkPacket(b, ""), "")
	}
}

func gateDecoded[T any](t *testing.T, b []byte) (v T) {
	t.Helper()
	if err := codec.NewDecoder(bytes.NewReader(b), &codec.MsgpackHandle{}).Decode(&v); err != nil {
		t.Errorf("the codec says of %x: %v", b, err)
	}
	return v
}
