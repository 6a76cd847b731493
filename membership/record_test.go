package membership

import (
	"fmt"
	"strings"
	"testing"
)

func TestServiceCheck(t *testing.T) {
	whole := Service{
		Name: "users", Address: "10.0.0.7:8080", Version: "v2 β", Tags: []string{"", "blue, green"},
		Weight: MaxWeight, Metadata: map[string]string{"": "", "build": "7f3a"},
	}
	for name, good := range map[string]Service{
		"whole": whole,
		"least": {Name: "users", Address: "10.0.0.7:8080"},
	} {
		if err := good.Check(); err != nil {
			t.Errorf("%s: Check() = %v", name, err)
		}
	}
	for name, tt := range map[string]struct {
		spoil                func(*Service)
		field, value, remedy string
	}{
		"name":            {func(s *Service) { s.Name = "Users" }, "service name", "Users", "a-z"},
		"no name":         {func(s *Service) { s.Name = "" }, "service name", "", "a-z"},
		"address":         {func(s *Service) { s.Address = ":80" }, `address of service "users"`, ":80", "wildcard"},
		"negative weight": {func(s *Service) { s.Weight = -1 }, `weight of service "users"`, "-1", "use 0 (meaning 100)"},
		"absurd weight":   {func(s *Service) { s.Weight = 1_000_001 }, `weight of service "users"`, "1000001", "to 1000000"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := whole
			tt.spoil(&bad)
			checkRefused(t, bad.Check(), tt.field, tt.value, tt.remedy)
		})
	}
}

func TestRecordCheck(t *testing.T) {
	whole := Record{
		Name: "users-1", Boot: boot(1), Version: 3, State: Draining, Zone: "eu-1",
		Services: []Service{users("10.0.0.7:80"), {Name: "admin", Address: "10.0.0.7:80"}},
		Metadata: map[string]string{"rack": "12"},
	}
	for name, good := range map[string]Record{"whole": whole, "least": {Name: "a"}} {
		if err := good.Check(); err != nil {
			t.Errorf("%s: Check() = %v", name, err)
		}
	}
	for name, tt := range map[string]struct {
		spoil                func(*Record)
		field, value, remedy string
	}{
		"name":    {func(r *Record) { r.Name = "a b" }, "member name", "a b", "a-z"},
		"state":   {func(r *Record) { r.State = 3 }, "member state", "State(3)", "Active, Draining or Left"},
		"zone":    {func(r *Record) { r.Zone = "EU" }, "zone", "EU", "a-z"},
		"service": {func(r *Record) { r.Services = []Service{users("a")} }, `address of service "users"`, "a", "host:port"},
		"service twice": {func(r *Record) { r.Services = []Service{users("a:1"), users("a:2")} },
			"service name", "users", "update that registration, or use another name"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := whole
			tt.spoil(&bad)
			checkRefused(t, bad.Check(), tt.field, tt.value, tt.remedy)
		})
	}
}

func TestNewer(t *testing.T) {
	old := member("a")
	rival, later := old, next(old, Active)
	rival.Boot.ID++
	ascending := []Record{old, later, rival, restarted(old)}
	for i, r := range ascending {
		for j, other := range ascending {
			if got, want := r.Newer(other), i > j; got != want {
				t.Errorf("%v version %d newer than %v version %d: %v, want %v",
					r.Boot, r.Version, other.Boot, other.Version, got, want)
			}
		}
	}
}

func TestFault32_RecordTooBig(t *testing.T) {
	filled := func(bytes int) Record {
		r := member("users-1")
		r.Metadata = map[string]string{"k": strings.Repeat("x", bytes)}
		return r
	}
	const largest = MaxRecord - 29 // what the other fields of filled take
	encoded, err := filled(largest).Encode(nil, WireVersion)
	if err != nil || len(encoded) != MaxRecord {
		t.Fatalf("the largest record takes %d bytes, %v; want %d", len(encoded), err, MaxRecord)
	}
	if _, err := DecodeRecord(encoded); err != nil {
		t.Errorf("DecodeRecord of the largest record: %v", err)
	}
	remedy := fmt.Sprintf("its services and metadata take %d bytes; keep them within %d", MaxRecord+1, MaxRecord)
	tooBig := filled(largest + 1)
	checkRefused(t, tooBig.Check(), "record of member", "users-1", remedy)
	buf, err := tooBig.Encode([]byte("before"), WireVersion)
	checkRefused(t, err, "record of member", "users-1", remedy)
	if buf != nil {
		t.Errorf("Encode returned %d bytes beside its error", len(buf))
	}
}
