package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

const (
	dnsInFlight  = 16      // queries at a time by UDP
	dnsBuffer    = 1 << 20 // bytes of the client's socket, which must hold the responses to all of them
	dnsStreams   = 8       // connections at a time by TCP, each with one query in flight
	dnsPerStream = 100     // queries on a connection; miekg's closes it after 128
	dnsPatience  = 5 * time.Second
	dnsReadEach  = 64 // of so many responses one is read as a whole; of all others the header counts
)

// dnsLoad is a closed loop: a response sends the next query.
type dnsLoad struct {
	question dnsQuestion
	address  string
	conn     net.Conn // by UDP
}

// dnsCount is what came of a load.
type dnsCount struct{ queries, bytes, records int }

// add checks a response and counts it.
func (c *dnsCount) add(q dnsQuestion, response []byte) error {
	records, err := q.check(response)
	if err == nil && c.queries%dnsReadEach == 0 {
		err = q.read(response)
	}
	c.queries++
	c.bytes += len(response)
	c.records += records
	return err
}

func newDNSLoad(server *dnsServer, q dnsQuestion) (*dnsLoad, error) {
	l := &dnsLoad{question: q, address: server.address}
	if q.tcp {
		return l, nil
	}
	conn, err := net.Dial("udp", l.address)
	if err != nil {
		return nil, err
	}
	l.conn = conn
	return l, conn.(*net.UDPConn).SetReadBuffer(dnsBuffer)
}

func (l *dnsLoad) close() {
	if l.conn != nil {
		l.conn.Close()
	}
}

// run puts queries for some time, and waits for all responses.
func (l *dnsLoad) run(span time.Duration) (dnsCount, error) {
	if l.question.tcp {
		return l.runTCP(span)
	}
	return l.runUDP(span)
}

// runUDP numbers the queries, so that a late response of an earlier one does not count.
func (l *dnsLoad) runUDP(span time.Duration) (count dnsCount, err error) {
	query, err := l.question.packet(0)
	if err != nil {
		return count, err
	}
	sent, open := 0, make(map[uint16]bool, dnsInFlight)
	send := func() error {
		sent++
		id := uint16(sent)
		open[id] = true
		binary.BigEndian.PutUint16(query, id)
		_, err := l.conn.Write(query)
		return err
	}
	begun := time.Now()
	l.conn.SetDeadline(begun.Add(span + dnsPatience))
	for range dnsInFlight {
		if err := send(); err != nil {
			return count, err
		}
	}
	buffer := make([]byte, 1<<16)
	for len(open) > 0 {
		n, err := l.conn.Read(buffer)
		if err != nil {
			return count, fmt.Errorf("%d of %d queries without a response: %w", len(open), sent, err)
		}
		if n < 2 || !open[binary.BigEndian.Uint16(buffer)] {
			return count, fmt.Errorf("a response to no query, %d bytes", n)
		}
		delete(open, binary.BigEndian.Uint16(buffer))
		if err := count.add(l.question, buffer[:n]); err != nil {
			return count, err
		}
		if time.Since(begun) < span {
			if err := send(); err != nil {
				return count, err
			}
		}
	}
	return count, nil
}

func (l *dnsLoad) runTCP(span time.Duration) (sum dnsCount, err error) {
	counts, failed := make([]dnsCount, dnsStreams), make([]error, dnsStreams)
	until := time.Now().Add(span)
	var work sync.WaitGroup
	for i := range dnsStreams {
		work.Go(func() {
			for failed[i] == nil && time.Now().Before(until) {
				failed[i] = l.runStream(until, &counts[i])
			}
		})
	}
	work.Wait()
	for _, c := range counts {
		sum.queries, sum.bytes, sum.records = sum.queries+c.queries, sum.bytes+c.bytes, sum.records+c.records
	}
	return sum, errors.Join(failed...)
}

// runStream puts queries on one connection, one after another.
func (l *dnsLoad) runStream(until time.Time, count *dnsCount) error {
	conn, err := net.Dial("tcp", l.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(until.Add(dnsPatience))
	buffer := make([]byte, 1<<16)
	for i := 0; i < dnsPerStream && time.Now().Before(until); i++ {
		query, err := l.question.packet(uint16(i))
		if err != nil {
			return err
		}
		if _, err := conn.Write(query); err != nil {
			return err
		}
		if _, err := io.ReadFull(conn, buffer[:2]); err != nil {
			return err
		}
		response := buffer[:binary.BigEndian.Uint16(buffer)]
		if _, err := io.ReadFull(conn, response); err != nil {
			return err
		}
		if len(response) < 2 || binary.BigEndian.Uint16(response) != uint16(i) {
			return fmt.Errorf("a response to no query, %d bytes", len(response))
		}
		if err := count.add(l.question, response); err != nil {
			return err
		}
	}
	return nil
}
