package dnsendpoint

import (
	"encoding/hex"
	"net/netip"
	"testing"
	"time"
)

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	decoded, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

// withSecrets returns a server whose secrets are known, made at a time.
func withSecrets(t *testing.T, current, previous string, now time.Time) *Server {
	s := new(Server)
	held := &cookieSecrets{current: sipKeyOf([16]byte(unhex(t, current))), since: now}
	if previous != "" {
		held.previous = sipKeyOf([16]byte(unhex(t, previous)))
	}
	s.cookies.held.Store(held)
	return s
}

// TestCookiesOfRFC9018 takes the examples of appendix A.
func TestCookiesOfRFC9018(t *testing.T) {
	const secret = "e5e973e5a6b2a43f48e7dc849e37bfcf"
	for name, tt := range map[string]struct {
		current, previous    string
		address              string
		client, server, want string
		now                  int64
		valid                bool
	}{
		"A.1 a new client":                  {secret, "", "198.51.100.100", "2464c4abcf10c957", "", "010000005cf79f111f8130c3eee29480", 1559731985, false},
		"A.2 renewed after 40 minutes":      {secret, "", "198.51.100.100", "2464c4abcf10c957", "010000005cf79f111f8130c3eee29480", "010000005cf7a871d4a564a1442aca77", 1559734385, true},
		"A.3 reserved bytes, too old":       {secret, "", "203.0.113.203", "fc93fc62807ddb86", "01abcdef5cf78f71a314227b6679ebf5", "010000005cf7a9acf73a7810aca2381e", 1559734700, false},
		"A.3 reserved bytes, in time":       {secret, "", "203.0.113.203", "fc93fc62807ddb86", "01abcdef5cf78f71a314227b6679ebf5", "01abcdef5cf78f71a314227b6679ebf5", 1559728000, true},
		"A.4 IPv6, of the previous secret":  {"445536bcd2513298075a5d379663c962", "dd3bdf9344b678b185a6f5cb60fca715", "2001:db8:220:1:59de:d0f4:8769:82b8", "22681ab97d52c298", "010000005cf7c57926556bd0934c72f8", "010000005cf7c609a6bb79d16625507a", 1559741961, true},
		"A.4 IPv6, of neither secret":       {"445536bcd2513298075a5d379663c962", secret, "2001:db8:220:1:59de:d0f4:8769:82b8", "22681ab97d52c298", "010000005cf7c57926556bd0934c72f8", "010000005cf7c609a6bb79d16625507a", 1559741961, false},
		"an IPv4 address in the form of v6": {secret, "", "::ffff:198.51.100.100", "2464c4abcf10c957", "", "010000005cf79f111f8130c3eee29480", 1559731985, false},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(tt.now, 0)
			s := withSecrets(t, tt.current, tt.previous, now)
			got, valid := s.cookie([8]byte(unhex(t, tt.client)), unhex(t, tt.server), netip.MustParseAddr(tt.address), now)
			if hex.EncodeToString(got[:]) != tt.want || valid != tt.valid {
				t.Errorf("the cookie is %x, valid %v, want %s, %v", got, valid, tt.want, tt.valid)
			}
		})
	}
}

// TestCookieValidity is about the cookie of A.1 when it comes back.
func TestCookieValidity(t *testing.T) {
	const issued = 1559731985
	good := "010000005cf79f111f8130c3eee29480"
	address := netip.MustParseAddr("198.51.100.100")
	client := [8]byte(unhex(t, "2464c4abcf10c957"))
	changed := func(i int) string {
		b := unhex(t, good)
		b[i] ^= 1
		return hex.EncodeToString(b)
	}
	for name, tt := range map[string]struct {
		server      string
		from        netip.Addr
		client      [8]byte
		after       int64
		valid, same bool
	}{
		"at once":                {good, address, client, 0, true, true},
		"before it is renewed":   {good, address, client, 1799, true, true},
		"renewed":                {good, address, client, 1800, true, false},
		"at its end":             {good, address, client, 3600, true, false},
		"after its end":          {good, address, client, 3601, false, false},
		"clock 5 minutes behind": {good, address, client, -300, true, true},
		"clock further behind":   {good, address, client, -301, false, false},
		"from another address":   {good, netip.MustParseAddr("198.51.100.101"), client, 0, false, false},
		"of another client":      {good, address, [8]byte{1}, 0, false, false},
		"of another version":     {changed(0), address, client, 0, false, false},
		"with another time":      {changed(7), address, client, 0, false, false},
		"with another hash":      {changed(15), address, client, 0, false, false},
		"too short":              {good[:16], address, client, 0, false, false},
		"too long":               {good + "00", address, client, 0, false, false},
		"none":                   {"", address, client, 0, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(issued+tt.after, 0)
			s := withSecrets(t, "e5e973e5a6b2a43f48e7dc849e37bfcf", "", now)
			got, valid := s.cookie(tt.client, unhex(t, tt.server), tt.from, now)
			if same := hex.EncodeToString(got[:]) == tt.server; valid != tt.valid || same != tt.same {
				t.Errorf("valid %v, the same again %v, want %v, %v", valid, same, tt.valid, tt.same)
			}
			if _, valid = s.cookie(tt.client, got[:], tt.from, now); !valid {
				t.Error("the cookie that was answered is not valid")
			}
		})
	}
}

// TestCookieSecretsAreRotated holds that a secret makes cookies for a day, and that its last ones
// are valid for as long as others.
func TestCookieSecretsAreRotated(t *testing.T) {
	var s Server
	start, from, client := time.Unix(1e9, 0), netip.MustParseAddr("2001:db8::1"), [8]byte{1, 2, 3}
	s.cookie(client, nil, from, start)
	made := start.Add(secretLife - time.Minute)
	last, _ := s.cookie(client, nil, from, made)
	first := s.cookies.secrets(made)
	if now := made.Add(50 * time.Minute); s.cookies.secrets(now) == first {
		t.Error("the secret is older than a day")
	} else if renewed, valid := s.cookie(client, last[:], from, now); !valid || renewed == last {
		t.Errorf("50 minutes later a cookie of the previous secret is valid: %v, renewed: %v", valid, renewed != last)
	}
	if _, valid := s.cookie(client, last[:], from, made.Add(secretLife*2)); valid {
		t.Error("a cookie is valid after two days")
	}
}

func TestCookiesMakeNoGarbage(t *testing.T) {
	var s Server
	now := time.Now()
	for _, from := range []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")} {
		cookie, _ := s.cookie([8]byte{}, nil, from, now)
		if allocs := testing.AllocsPerRun(100, func() { s.cookie([8]byte{}, cookie[:], from, now) }); allocs > 0 {
			t.Errorf("a cookie for %v takes %v allocations", from, allocs)
		}
	}
}
