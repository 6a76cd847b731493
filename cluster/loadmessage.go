package cluster

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
)

// loadQuestion asks a member for the load of one service, loadAnswer is what it says. They are of one size, so that a
// question whose sender is forged makes no more traffic than it is.
type (
	loadQuestion struct {
		id      uint64 // drawn by lot
		service uint64 // by serviceKey
	}
	loadAnswer struct {
		id       uint64 // of the question
		inFlight int64
		known    bool // or else inFlight says nothing
	}
)

const (
	loadSize    = 16
	unknownLoad = math.MaxUint64 // in the place of the requests in flight
)

// serviceKey stands for the name of a service: its FNV-1a hash of 64 bits.
func serviceKey(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name)) // never fails
	return h.Sum64()
}

func (q loadQuestion) encode() []byte {
	return twoWords(byte(kindLoadQuestion), q.id, q.service)
}

func (a loadAnswer) encode() []byte {
	if !a.known {
		return twoWords(byte(kindLoadAnswer), a.id, unknownLoad)
	}
	return twoWords(byte(kindLoadAnswer), a.id, uint64(max(a.inFlight, 0)))
}

func twoWords(kind byte, first, second uint64) []byte {
	buf := binary.BigEndian.AppendUint64(append(make([]byte, 0, 1+loadSize), kind), first)
	return binary.BigEndian.AppendUint64(buf, second)
}

// decodeLoadQuestion and decodeLoadAnswer parse what follows the kind.
func decodeLoadQuestion(buf []byte) (q loadQuestion, err error) {
	q.id, q.service, err = cutTwoWords(buf)
	return q, err
}

func decodeLoadAnswer(buf []byte) (a loadAnswer, err error) {
	id, inFlight, err := cutTwoWords(buf)
	switch {
	case err != nil:
		return a, err
	case inFlight == unknownLoad:
		return loadAnswer{id: id}, nil
	case inFlight > math.MaxInt64:
		return a, fmt.Errorf("%w: %d requests in flight", errMalformed, inFlight)
	}
	return loadAnswer{id, int64(inFlight), true}, nil
}

func cutTwoWords(buf []byte) (first, second uint64, err error) {
	if len(buf) != loadSize {
		return 0, 0, fmt.Errorf("%w: a load message of %d bytes, want %d", errMalformed, len(buf), loadSize)
	}
	return binary.BigEndian.Uint64(buf), binary.BigEndian.Uint64(buf[8:]), nil
}
