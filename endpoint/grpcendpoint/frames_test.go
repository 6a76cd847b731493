package grpcendpoint

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"

	"google.golang.org/grpc/test/bufconn"
)

// The frames of HTTP/2 that a server sends to end a stream without an answer.
const (
	frameHeaders  = 1
	frameReset    = 3
	frameSettings = 4
	frameGoAway   = 7

	refusedStream = 7 // the code of an error
	internalError = 2
)

func frame(kind byte, stream uint32, payload []byte) []byte {
	header := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	return append(binary.BigEndian.AppendUint32(append(header, 0), stream), payload...)
}

func goAway(code uint32) []byte { // no stream was processed
	return frame(frameGoAway, 0, binary.BigEndian.AppendUint32(make([]byte, 4), code))
}

func reset(stream, code uint32) []byte {
	return frame(frameReset, stream, binary.BigEndian.AppendUint32(nil, code))
}

// rawly serves HTTP/2 at an address of town: each stream that begins is answered with what answer
// returns, and nil breaks the connection.
func (town *town) rawly(t *testing.T, address string, answer func(stream uint32) []byte) {
	listener := bufconn.Listen(1 << 16)
	town.mu.Lock()
	town.listeners[address] = listener
	town.mu.Unlock()
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go rawConnection(conn, answer)
		}
	}()
}

func rawConnection(conn net.Conn, answer func(stream uint32) []byte) {
	defer conn.Close()
	preface := make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	if _, err := io.ReadFull(conn, preface); err != nil || !bytes.HasPrefix(preface, []byte("PRI")) {
		return
	}
	conn.Write(frame(frameSettings, 0, nil))
	var header [9]byte
	for {
		if _, err := io.ReadFull(conn, header[:]); err != nil {
			return
		}
		size := int64(binary.BigEndian.Uint32(header[:]) >> 8)
		if _, err := io.CopyN(io.Discard, conn, size); err != nil {
			return
		}
		if header[3] != frameHeaders {
			continue
		}
		reply := answer(binary.BigEndian.Uint32(header[5:]))
		if reply == nil {
			return
		}
		conn.Write(reply)
	}
}
