package dnsendpoint

import (
	"maps"
	"slices"
	"strconv"
)

// textRecord is TXT: a record an instance, its strings "key=value" as in RFC 6763 section 6.
var textRecord = &recordKind{has: (*response).always, write: (*response).writeText}

// longestText is the most bytes of a string. A pair that is longer is left out: cut, it would be
// another value.
const longestText = 255

func (r *response) writeText(t *target) int {
	r.pair("member", t.instance.Member)
	r.pair("version", t.instance.Version)
	r.pair("zone", t.instance.Zone)
	r.pair("weight", strconv.Itoa(t.instance.Weight))
	for _, tag := range t.instance.Tags {
		r.pair("tag", tag)
	}
	r.pairs(t.instance.Metadata)
	return 0
}

// memberText answers with what a member says of itself.
func (r *response) memberText() {
	r.begin(answerSection, r.asked(), r.question.qtype, r.ttl)
	r.pair("state", r.member.State.String())
	r.pair("zone", r.member.Zone)
	r.pairs(r.member.Metadata)
	if !r.end() {
		r.cut()
	}
}

func (r *response) pairs(metadata map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		if size := len(key) + 1 + len(metadata[key]); size <= longestText {
			r.text(key, "=", metadata[key])
		}
	}
}

// pair adds a pair unless its value is empty.
func (r *response) pair(key, value string) {
	if value != "" && len(key)+1+len(value) <= longestText {
		r.text(key, "=", value)
	}
}
