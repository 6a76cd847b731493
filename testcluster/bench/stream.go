package main

const bulkMessage = 64 << 10 // bytes

// benchStreams measures what a byte costs in bulk: a transport writes all messages to the link that the two share,
// memberlist dials for each.
func benchStreams(o options) (rows []Row, err error) {
	pairs, err := newPairs(asIs)
	if err != nil {
		return nil, err
	}
	defer closePairs(pairs)
	message := payload(bulkMessage)
	samples, err := inTurns(pairs, o.runs*o.batches, func(p *pair) (float64, error) {
		ns, err := p.inARow(p.deliver, message, o.messages)
		return ns / bulkMessage, err
	})
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		rows = append(rows, Row{What: "transport", System: p.system, N: 2, Metric: "stream byte", Unit: "ns", Scenario: "loopback"}.
			of(samples[p.system]...))
	}
	return rows, nil
}
