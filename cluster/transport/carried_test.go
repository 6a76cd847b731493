package transport

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"
)

func TestNewChecksTheConfigOfMemberlist(t *testing.T) {
	keyring, err := memberlist.NewKeyring(nil, bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		edit func(*memberlist.Config)
		want string // "" for no error
	}{
		"fit":                     {func(*memberlist.Config) {}, ""},
		"another name":            {func(c *memberlist.Config) { c.Name = "b" }, `Name is "b": names other than Self`},
		"compression":             {func(c *memberlist.Config) { c.EnableCompression = true }, "EnableCompression"},
		"a label":                 {func(c *memberlist.Config) { c.Label = "blue" }, `Label is "blue"`},
		"a key":                   {func(c *memberlist.Config) { c.SecretKey = make([]byte, 32) }, "SecretKey"},
		"a keyring":               {func(c *memberlist.Config) { c.Keyring = keyring }, "Keyring"},
		"a delegate's version":    {func(c *memberlist.Config) { c.DelegateProtocolVersion = 5 }, "DelegateProtocolVersion is 5"},
		"a delegate's oldest one": {func(c *memberlist.Config) { c.DelegateProtocolMin = 2 }, "DelegateProtocolVersion is 0, with 2 to 0"},
		"a delegate's newest one": {func(c *memberlist.Config) { c.DelegateProtocolMax = 5 }, "DelegateProtocolVersion is 0, with 0 to 5"},
	} {
		t.Run(name, func(t *testing.T) {
			c := memberlist.DefaultLANConfig()
			c.Name, c.EnableCompression = "a", false
			tt.edit(c)
			made, err := New(Config{Network: nowhere{}, Self: "a", Cluster: "x", Memberlist: c})
			if err == nil {
				made.Shutdown()
			}
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("New: %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// A kind that is not carried has a name, in errors and in the log, once a minute.
func TestWhatIsNotCarriedHasAName(t *testing.T) {
	ack := gateMessage(mlAck, mlAckStruct{})
	for name, tt := range map[string]struct {
		message []byte
		want    string
	}{
		"user":       {[]byte{mlUser, 1}, "user messages are not carried"},
		"compressed": {[]byte{mlCompress, 1}, "compressed messages are not carried"},
		"encrypted":  {[]byte{mlEncrypt, 1}, "messages that memberlist encrypts are not carried"},
		"labelled":   {[]byte{mlLabel, 1, 'x'}, "labels are not carried"},
		"versions": {gateMessage(mlAlive, gateBut(gateAlive, func(a *mlAliveStruct) { a.Vsn = []byte{1, 5, 2, 2, 5, 5} })),
			"protocol versions of a Delegate are not carried"},
	} {
		for where, packet := range map[string][]byte{
			"alone": tt.message, "in a compound": gateCompound(ack, tt.message), "with a checksum": gateCRC(tt.message),
		} {
			t.Run(name+" "+where, func(t *testing.T) {
				var log bytes.Buffer
				made, err := New(Config{Network: nowhere{}, Self: "a", Cluster: "x", Logger: zerolog.New(&log)})
				if err != nil {
					t.Fatal(err)
				}
				defer made.Shutdown()
				made.passPacket(packet, From{}, time.Now())
				made.passPacket(packet, From{}, time.Now())
				if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), `dropped a packet: `+tt.want) {
					t.Errorf("logged, of two: %s", &log)
				}
			})
		}
	}
}

// Pings that name another sender are refused, also where nothing was joined.
func TestPingsOfAnotherNameAreNotCarried(t *testing.T) {
	made, err := New(Config{Network: nowhere{}, Self: "a", Cluster: "x"})
	if err != nil {
		t.Fatal(err)
	}
	defer made.Shutdown()
	made.FinalAdvertiseAddr("", 0)
	made.adopted.start()
	ping := gateMessage(mlPing, gateBut(gatePing, func(p *mlPingStruct) { p.SourceNode = "other" }))
	for _, packet := range [][]byte{ping, gateCompound(ping), gateCRC(ping)} {
		if _, err := made.WriteTo(packet, "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), `Name is "other"`) {
			t.Errorf("the error is %v", err)
		}
	}
}

func TestForgottenStart(t *testing.T) {
	for name, start := range map[string]func(*Transport){
		"forgotten": nil, "called": (*Transport).Start, "shut down": func(t *Transport) { t.Shutdown() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := new(safeBuffer)
				made, err := New(Config{Network: new(attackNetwork), Self: "a", Cluster: "x", Logger: zerolog.New(log)})
				if err != nil {
					t.Fatal(err)
				}
				defer made.Shutdown()
				made.FinalAdvertiseAddr("", 0)
				if start != nil {
					start(made)
				} else {
					_, err1 := made.WriteTo(gateMessage(mlAck, mlAckStruct{}), "127.0.0.1:1")
					_, err2 := made.DialTimeout("127.0.0.1:1", time.Second)
					for _, err := range []error{err1, err2} {
						if err == nil || !strings.Contains(err.Error(), "call Start") {
							t.Errorf("the error is %v", err)
						}
					}
				}
				time.Sleep(time.Minute)
				if told := strings.Contains(log.String(), "hears nothing"); told != (start == nil) {
					t.Errorf("logged: %s", log)
				}
			})
		})
	}
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}
func (s *safeBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }
