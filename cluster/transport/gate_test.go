package transport

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestGateAllocations wants none for what passes, and little for lengths that nothing is behind.
func TestGateAllocations(t *testing.T) {
	packet := gateCRC(gateCompound(gateMessage(mlIndirectPing, gateIndirect), gateMessage(mlAlive, gateAlive)))
	stream := gatePushPull("state", gateNode, gateNode)
	if allocs := testing.AllocsPerRun(100, func() { _, _ = checkPacket(packet, gateMe), checkStream(stream, true) }); allocs > 0 {
		t.Errorf("%v allocations for a packet and a stream that pass", allocs)
	}
	for name, check := range map[string]func() error{
		"fields": func() error { return checkPacket([]byte{mlPing, 0xdf, 0xff, 0xff, 0xff, 0xff}, "") },
		"bytes":  func() error { return checkPacket([]byte{mlPing, 0x81, 0xdb, 0xff, 0xff, 0xff, 0xff}, "") },
		"name": func() error {
			return checkPacket(append([]byte{mlPing, 0x81, 0xda, 0xff, 0xff}, make([]byte, 0xffff)...), "")
		},
		"nodes": func() error { return checkStream(gateMessage(mlPushPull, mlHeaderStruct{Nodes: 1 << 20}), false) },
		"state": func() error {
			return checkStream(gateMessage(mlPushPull, mlHeaderStruct{UserStateLen: 20 << 20}), false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := check()
			runtime.ReadMemStats(&after)
			gateWants(t, err, errMalformed.Error())
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 256<<10 { // most of it the message itself
				t.Errorf("%d bytes allocated", grown)
			}
		})
	}
}

// TestGateSeeds wants that the seeds of the fuzz targets called real pass, and that those called attack do not.
func TestGateSeeds(t *testing.T) {
	for folder, check := range map[string]func(b []byte, name string) error{
		"FuzzCheckPacket": func(b []byte, _ string) error { return checkPacket(b, "") },
		"FuzzCheckStream": func(b []byte, name string) error { return checkStream(b, strings.Contains(name, "reply")) },
	} {
		files, err := filepath.Glob(filepath.Join("testdata", "fuzz", folder, "*"))
		if err != nil || len(files) < 10 {
			t.Fatalf("%s: %d seeds, %v", folder, len(files), err)
		}
		for _, file := range files {
			name := filepath.Base(file)
			t.Run(folder+"/"+name, func(t *testing.T) {
				switch err := check(gateSeed(t, file), name); {
				case strings.HasPrefix(name, "real"):
					gateWants(t, err, "")
				case strings.HasPrefix(name, "attack"):
					gateWants(t, err, errMalformed.Error())
				}
			})
		}
	}
}

// gateSeed is the bytes that a seed of a fuzz target begins with.
func gateSeed(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var quoted string
	if _, err := fmt.Sscanf(string(content), "go test fuzz v1\n[]byte(%q)", &quoted); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return []byte(quoted)
}
