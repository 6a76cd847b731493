package peerfile

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const head = "grapevine peers 1\ncluster \"shop\"\n"

var valid = sealed(head + "10.0.0.7:7946\n[fd00::7]:7946\n")

// refused gives what Read says of a file of this content, which must be an error.
func refused(t *testing.T, content string) string {
	t.Helper()
	path := put(t, content)
	got, err := Read(path, "shop")
	if len(got) > 0 || !errors.Is(err, ErrCorrupt) {
		t.Fatalf("Read of %.200q = %.5q, %v", content, got, err)
	}
	if text := err.Error(); !strings.Contains(text, path) || !strings.Contains(text, "delete it") || strings.Contains(text, "\n") || len(text) > len(path)+300 {
		t.Errorf("the error of %.200q is %q", content, text)
	}
	return err.Error()
}

func TestFault19_TruncatedFile(t *testing.T) {
	for length := range len(valid) {
		refused(t, valid[:length])
	}
}

func TestFault19_BitFlips(t *testing.T) {
	path := put(t, "")
	for bit := range 8 * len(valid) {
		flipped := []byte(valid)
		flipped[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(path, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path, "shop"); len(got) > 0 || !errors.Is(err, ErrCorrupt) {
			t.Errorf("bit %d flipped: Read = %q, %v", bit, got, err)
		}
	}
}

// TestFault19_CorruptFile has content that nothing wrote, most of it with a checksum that fits.
func TestFault19_CorruptFile(t *testing.T) {
	for name, tt := range map[string]struct{ content, reason string }{
		"another file":       {"root:x:0:0:root:/root:/bin/sh\n", "does not begin with"},
		"zeros":              {strings.Repeat("\x00", 4096), "does not begin with"},
		"another version":    {sealed("grapevine peers 2\nwhatever\n"), `it is of version "2", and this release knows version 1`},
		"more at the end":    {valid + "\n", "checksum"},
		"twice":              {valid + valid, "checksum"},
		"no checksum":        {head + "10.0.0.7:7946\n", "checksum"},
		"sum in capitals":    {valid[:len(valid)-sumLength+7] + strings.ToUpper(valid[len(valid)-sumLength+7:]), "checksum"},
		"heading alone":      {sealed("grapevine peers 1\n"), "no cluster"},
		"no cluster":         {sealed("grapevine peers 1\n10.0.0.7:7946\n"), "no cluster"},
		"cluster unnamed":    {sealed("grapevine peers 1\n\"shop\"\n"), "form"},
		"cluster unquoted":   {sealed("grapevine peers 1\ncluster shop\n"), "no cluster"},
		"cluster otherwise":  {sealed("grapevine peers 1\ncluster `shop`\n"), "form"},
		"no end of line":     {sealed(head + "10.0.0.7:7946"), "form"},
		"lines of Windows":   {sealed(head + "10.0.0.7:7946\r\n"), "use the IP and port"},
		"an empty line":      {sealed(head + "\n"), `peer ""`},
		"a name":             {sealed(head + "host:7946\n"), `peer "host:7946"`},
		"port 0":             {sealed(head + "10.0.0.7:0\n"), "use the IP and port"},
		"a zone":             {sealed(head + "[fe80::1%eth0]:1\n"), "use the IP and port"},
		"out of order":       {sealed(head + "10.0.0.8:1\n10.0.0.7:1\n"), "form"},
		"an address twice":   {sealed(head + "10.0.0.7:1\n10.0.0.7:1\n"), "form"},
		"written otherwise":  {sealed(head + "[fd00:0::7]:1\n"), "form"},
		"IPv4 within IPv6":   {sealed(head + "[::ffff:10.0.0.7]:1\n"), "form"},
		"too many":           {sealed(head + strings.Join(manyPeers(mostPeers+1), "\n") + "\n"), "more than 4096"},
		"a line that is big": {sealed(head + strings.Repeat("x", longest/2)), "use the IP and port"},
	} {
		t.Run(name, func(t *testing.T) {
			if text := refused(t, tt.content); !strings.Contains(text, tt.reason) {
				t.Errorf("Read: %s, want %s", text, tt.reason)
			}
		})
	}
}

func TestFault19_HugeFile(t *testing.T) {
	content := encode(strings.Repeat("x", longest), nil) // sound, but for its length
	if !strings.Contains(refused(t, string(content)), errTooLong.Error()) {
		t.Error("it is not said that the file is too long")
	}
	path := put(t, "")
	if err := os.Truncate(path, 1<<40); err != nil { // a hole, which takes no room
		t.Skip(err)
	}
	if got, err := Read(path, "shop"); len(got) > 0 || !errors.Is(err, errTooLong) {
		t.Errorf("Read = %q, %v", got, err)
	}
}

// TestLargestFile: whatever Write accepts in number and length of addresses, Read does.
func TestLargestFile(t *testing.T) {
	var longestPeers []string
	for _, peer := range manyPeers(mostPeers) {
		ip, _, _ := strings.Cut(peer, ":")
		last := strings.Split(ip, ".")
		longestPeers = append(longestPeers, "[fd00:ffff:ffff:ffff:ffff:ffff:f"+pad(last[2])+":f"+pad(last[3])+"]:65535")
	}
	path := filepath.Join(t.TempDir(), "peers")
	mustWrite(t, path, longestPeers)
	expect(t, path, longestPeers)
}

func pad(number string) string { return strings.Repeat("0", 3-len(number)) + number }

// FuzzRead also adds the checksum, which no fuzzer finds.
func FuzzRead(f *testing.F) {
	f.Add([]byte(valid))
	f.Add([]byte(head))
	f.Add([]byte(head + "10.0.0.7:7946\n[fd00::7]:7946\n"))
	f.Add([]byte("grapevine peers 1\ncluster \"\"\n127.0.0.1:1\n"))
	f.Add([]byte(head + "[::ffff:10.0.0.7]:1\n"))
	f.Add([]byte("grapevine peers 2\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, content := range [][]byte{content, []byte(sealed(string(content)))} {
			cluster, peers, err := decode(content)
			if err != nil {
				continue
			}
			var addresses []string
			for _, peer := range peers {
				addresses = append(addresses, peer.String())
			}
			if again, err := encodeAll(cluster, addresses); err != nil || !bytes.Equal(again, content) {
				t.Errorf("%q is read as %q %q, which is written %q, %v", content, cluster, addresses, again, err)
			}
		}
	})
}
