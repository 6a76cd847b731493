package cluster_test

import (
	"bytes"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/grapevine-go/grapevine/membership"
	"github.com/grapevine-go/grapevine/testcluster"
)

// The words of memberlist (net.go), which it keeps to itself.

// packed is a message of memberlist's, as its codec writes it.
func packed(kind byte, values ...any) []byte {
	buf := bytes.NewBuffer([]byte{kind})
	encoder := codec.NewEncoder(buf, &codec.MsgpackHandle{})
	for _, value := range values {
		if err := encoder.Encode(value); err != nil {
			panic(err) // the test's own structs
		}
	}
	return buf.Bytes()
}

const (
	pingKind     = 0
	aliveKind    = 4
	deadKind     = 5
	pushPullKind = 6
	compoundKind = 7
	userKind     = 8
	compressKind = 9
	encryptKind  = 10
	labelKind    = 244
)

type (
	ping struct {
		SeqNo uint32
		Node  string
	}
	sourcedPing struct {
		SeqNo      uint32
		Node       string
		SourceAddr []byte
		SourcePort uint16
		SourceNode string
	}
	deadWord struct {
		Incarnation uint32
		Node, From  string
	}
	aliveWord struct {
		Incarnation uint32
		Node        string
		Addr        []byte
		Port        uint16
		Meta        []byte
		Vsn         []byte
	}
	userHead   struct{ UserMsgLen int }
	compressed struct {
		Algo int
		Buf  []byte
	}
	pushPullHead struct {
		Nodes, UserStateLen int
		Join                bool
	}
	pushPullNode struct {
		Name        string
		Addr        []byte
		Port        uint16
		Meta        []byte
		Incarnation uint32
		State       int
		Vsn         []byte
	}
)

// What a member says of the protocols that it speaks: of memberlist's (v0.7.0), and of the records.
var (
	vsn  = []byte{1, 5, 2, 0, 0, 0}
	meta = []byte{membership.OldestWireVersion, membership.WireVersion}
)

// aliveAt is the news that a node lives at a host.
func aliveAt(node string, incarnation uint32, host *testcluster.Host) aliveWord {
	return aliveWord{incarnation, node, host.IP().AsSlice(), host.Address().Port(), meta, vsn}
}
