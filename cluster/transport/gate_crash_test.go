package transport

import (
	"bytes"
	"compress/lzw"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
)

// What a few bytes do to a plain memberlist v0.7.0. Each test runs itself again in a process of its own, where such a
// memberlist listens on loopback and is attacked, and looks at what became of that process.

// attackVariable is set in that process.
const attackVariable = "GRAPEVINE_GATE_ATTACK"

// attackSurvived is what that process prints in the end.
const attackSurvived = "memberlist answers still"

// underAttack runs the test in a process of its own and returns what it printed and how it ended.
func underAttack(t *testing.T) (output string, err error) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), attackVariable+"=1")
	printed, err := child.CombinedOutput()
	return string(printed), err
}

// attackCrashes wants that the process died, for the reason and at the place that the wants name.
func attackCrashes(t *testing.T, wants ...string) {
	t.Helper()
	output, err := underAttack(t)
	if err == nil || strings.Contains(output, attackSurvived) {
		t.Fatalf("the attacked process lives (%v):\n%s", err, output)
	}
	for _, want := range append(wants, "panic: ") {
		if !strings.Contains(output, want) {
			t.Errorf("the attacked process did not say %q:\n%s", want, output)
		}
	}
}

// attackOutlived prints that the process lives, after as long as it may take to die: what a goroutine has open is closed
// while it panics, and the others still run.
func attackOutlived() {
	time.Sleep(10 * time.Second)
	fmt.Println(attackSurvived)
}

var attackKey = []byte("sixteen byte key")

// attackVictim is a memberlist on a port of loopback.
type attackVictim struct {
	list *memberlist.Memberlist
	addr string
	key  []byte
}

func newAttackVictim(t *testing.T, key []byte) *attackVictim {
	config := memberlist.DefaultLANConfig()
	config.Name, config.BindAddr, config.BindPort, config.AdvertisePort = gateYou, "127.0.0.1", 0, 0
	config.SecretKey, config.LogOutput = key, io.Discard
	list, err := memberlist.Create(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { list.Shutdown() })
	return &attackVictim{list, list.LocalNode().Address(), key}
}

// stream sends b over a stream and waits until the victim closes it.
func (v *attackVictim) stream(t *testing.T, b []byte) {
	conn, err := net.Dial("tcp", v.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
	conn.(*net.TCPConn).CloseWrite()
	io.Copy(io.Discard, conn)
}

// packet sends b in a datagram, and then pings until the victim answers, which it does after it has read b.
func (v *attackVictim) packet(t *testing.T, b []byte) {
	conn, err := net.Dial("udp", v.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
	ping := gateMessage(mlPing, mlPingStruct{Node: gateYou})
	if v.key != nil {
		ping = attackSealed(1, ping, nil)
	}
	for range 600 { // a minute at most
		conn.Write(ping)
		conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := conn.Read(make([]byte, 1<<16)); err == nil {
			return
		}
	}
	t.Fatal("the victim does not answer")
}

// attackSealed is plain as memberlist encrypts it with attackKey, in one version of its encryption. The nonce is 0.
func attackSealed(version byte, plain, associated []byte) []byte {
	block, err := aes.NewCipher(attackKey)
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	nonce := make([]byte, gcm.NonceSize())
	return gcm.Seal(append([]byte{version}, nonce...), nonce, plain, associated)
}

// attackSealedStream is an encrypted message for a stream.
func attackSealedStream(version byte, plain []byte) []byte {
	const overhead = 1 + 12 + 16 // version, nonce and tag
	head := binary.BigEndian.AppendUint32([]byte{10}, uint32(overhead+len(plain)))
	return append(head, attackSealed(version, plain, head)...)
}

// TestAttackCrash_EncryptedNothing: whoever has the key seals an empty message, of which readStream takes the first byte.
func TestAttackCrash_EncryptedNothing(t *testing.T) {
	attack := attackSealedStream(1, nil)
	if os.Getenv(attackVariable) != "" {
		newAttackVictim(t, attackKey).stream(t, attack)
		attackOutlived()
		return
	}
	attackCrashes(t, "index out of range [0] with length 0", "memberlist.(*Memberlist).readStream")
	gateWants(t, checkStream(attack, false), "kind 10 in a stream")
	gateWants(t, checkStream(attack, true), "kind 10 in a stream")
	gateWants(t, checkStream(nil, false), "it is empty") // what was sealed
}

// attackPadding is a block whose last byte says that 255 bytes of padding end there.
var attackPadding = append(make([]byte, 15), 255)

// TestAttackCrash_Padding: whoever has the key sends one datagram in version 0 of the encryption, whose padding is longer
// than the message. pkcs7decode then cuts at a negative length.
func TestAttackCrash_Padding(t *testing.T) {
	attack := attackSealed(0, attackPadding, nil)
	if os.Getenv(attackVariable) != "" {
		newAttackVictim(t, attackKey).packet(t, attack)
		attackOutlived()
		return
	}
	attackCrashes(t, "slice bounds out of range [:-239]", "memberlist.pkcs7decode", "memberlist.(*Memberlist).ingestPacket")
	gateWants(t, checkPacket(attack, ""), "ping: is no map but 0x00")
	gateWants(t, checkPacket(attackPadding, ""), "ping: is no map but 0x00")
}

// TestAttackCrash_StreamPadding does the same over a stream.
func TestAttackCrash_StreamPadding(t *testing.T) {
	attack := attackSealedStream(0, attackPadding)
	if os.Getenv(attackVariable) != "" {
		newAttackVictim(t, attackKey).stream(t, attack)
		attackOutlived()
		return
	}
	attackCrashes(t, "slice bounds out of range [:-239]", "memberlist.pkcs7decode", "memberlist.(*Memberlist).readStream")
	gateWants(t, checkStream(attack, false), "kind 10 in a stream")
}

// attackAllocations runs attack on a memberlist without a key, in a process of its own, and wants that this allocates at
// least so many bytes.
func attackAllocations(t *testing.T, least uint64, attack func(v *attackVictim)) {
	t.Helper()
	const format = "allocated %d bytes\n"
	if os.Getenv(attackVariable) != "" {
		v := newAttackVictim(t, nil)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		attack(v)
		runtime.ReadMemStats(&after)
		fmt.Printf(format, after.TotalAlloc-before.TotalAlloc)
		return
	}
	output, err := underAttack(t)
	if err != nil {
		t.Fatalf("%v:\n%s", err, output)
	}
	var allocated uint64
	if _, err := fmt.Sscanf(output, format, &allocated); err != nil {
		t.Fatalf("%v:\n%s", err, output)
	}
	if t.Logf("%d bytes allocated", allocated); allocated < least {
		t.Errorf("%d bytes allocated, %d were expected", allocated, least)
	}
}

// TestAttackCrash_NodesThatDoNotCome does not crash a process by itself: 33 bytes from anybody make memberlist allocate
// the room for a million nodes, and 127 such streams at once are allowed.
func TestAttackCrash_NodesThatDoNotCome(t *testing.T) {
	attack := gateMessage(mlPushPull, mlHeaderStruct{Nodes: 1 << 20})
	attackAllocations(t, 100<<20, func(v *attackVictim) { v.stream(t, attack) })
	gateWants(t, checkStream(attack, false), "push/pull: 1048576 nodes in 0 bytes")
}

// TestAttackCrash_UserMessageThatDoesNotCome is the same with 20 MiB, and as many streams as one likes.
func TestAttackCrash_UserMessageThatDoesNotCome(t *testing.T) {
	attack := gateMessage(8, struct{ UserMsgLen int }{20 << 20})
	attackAllocations(t, 20<<20, func(v *attackVictim) { v.stream(t, attack) })
	gateWants(t, checkStream(attack, false), "kind 8 in a stream")
}

// attackCompressed is size zeros, a user message in the eyes of memberlist, as it compresses them.
func attackCompressed(size int) []byte {
	var packed bytes.Buffer
	w := lzw.NewWriter(&packed, lzw.LSB, 8)
	w.Write([]byte{8})
	w.Write(make([]byte, size-1))
	w.Close()
	return gateMessage(9, struct {
		Algo int
		Buf  []byte
	}{0, packed.Bytes()})
}

// TestAttackCrash_Compressed does not crash it either: a datagram of 13 KiB, from anybody, becomes 16 MiB, and up to 40 may be
// had. memberlist unpacks it whether it compresses itself or not, and what is packed in that, to any depth.
func TestAttackCrash_Compressed(t *testing.T) {
	attack := attackCompressed(16 << 20)
	attackAllocations(t, 16<<20, func(v *attackVictim) { v.packet(t, attack) })
	gateWants(t, checkPacket(attack, ""), "kind 9 in a packet")
}

// TestAttackCrash_Nothing shows that none of this comes of the way in which it is done.
func TestAttackCrash_Nothing(t *testing.T) {
	if os.Getenv(attackVariable) != "" {
		ping := gateMessage(mlPing, mlPingStruct{Node: gateYou})
		v := newAttackVictim(t, attackKey)
		v.stream(t, attackSealedStream(1, ping))
		v.packet(t, attackSealed(1, ping, nil))
		plain := newAttackVictim(t, nil)
		plain.stream(t, ping)
		plain.packet(t, ping)
		fmt.Println(attackSurvived)
		return
	}
	if output, err := underAttack(t); err != nil || !strings.Contains(output, attackSurvived) {
		t.Errorf("%v:\n%s", err, output)
	}
}

// TestGateVersionsThatEndPushPulls: a plain memberlist takes a node with odd versions into its list, and from then on
// refuses every push/pull, whoever wants it and whatever is in it. The gate does not let such a node in.
func TestGateVersionsThatEndPushPulls(t *testing.T) {
	for name, versions := range map[string][]byte{
		"too new for us":     {5, 5, 5, 0, 0, 0},
		"too old for us":     {1, 1, 1, 0, 0, 0},
		"speaks the unknown": {1, 5, 9, 0, 0, 0},
		"speaks nothing":     {1, 5, 0, 0, 0, 0},
		"delegate too new":   {1, 5, 2, 1, 1, 1},
		"delegate unknown":   {1, 5, 2, 0, 0, 1},
		"delegate choosy":    {1, 5, 2, 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			odd := gateBut(gateAlive, func(a *mlAliveStruct) { a.Node, a.Vsn = "odd", versions })
			late := gateBut(gateNode, func(n *mlNodeStruct) { n.Name = "late" })
			for _, poisoned := range []bool{false, true} {
				var target gateTarget
				target.fresh(t)
				if poisoned {
					target.givePacket(gateMessage(mlAlive, odd))
				}
				target.giveStream(t, gatePushPull("", late))
				names := func(n *memberlist.Node) bool { return n.Name == "late" }
				if merged := slices.ContainsFunc(target.list.Members(), names); merged == poisoned {
					t.Errorf("poisoned is %v, and the push/pull had effect: %v", poisoned, merged)
				}
				target.close()
			}
			gateWants(t, checkPacket(gateMessage(mlAlive, odd), ""), "alive: field Vsn is")
			odder := gateBut(gateNode, func(n *mlNodeStruct) { n.Vsn = versions })
			gateWants(t, checkStream(gatePushPull("", odder), false), "node of a push/pull: field Vsn is")
		})
	}
}
