package membership_test

import (
	"context"
	"fmt"

	"github.com/grapevine-go/grapevine/membership"
)

func userRecord(name, address string) membership.Record {
	return membership.Record{
		Name:     name,
		Boot:     membership.Boot{Number: 1, ID: 7},
		Version:  1,
		Services: []membership.Service{{Name: "users", Address: address}},
	}
}

// A member is listed once its record was heard and its boot was seen alive.
func ExampleNewStore() {
	store := membership.NewStore("frontend-1")
	users := userRecord("users-1", "10.0.0.7:8080")
	store.Apply(membership.Heard{Record: users})
	fmt.Println("heard:", store.View().Snapshot().Addresses("users"))

	store.Apply(membership.Up{Name: "users-1", BootID: users.Boot.ID, Address: "10.0.0.7:7946"})
	fmt.Println("alive:", store.View().Snapshot().Addresses("users"))

	users.Version, users.State = 2, membership.Left
	store.Apply(membership.Heard{Record: users})
	fmt.Println("left:", store.View().Snapshot().Addresses("users"))
	// Output:
	// heard: []
	// alive: [10.0.0.7:8080]
	// left: []
}

// New calls go to the active instances; a draining one finishes what it has.
func ExampleView_Snapshot() {
	store := membership.NewStore("frontend-1")
	one, two := userRecord("users-1", "10.0.0.7:8080"), userRecord("users-2", "10.0.0.8:8080")
	two.State = membership.Draining
	for _, record := range []membership.Record{one, two} {
		store.Apply(membership.Heard{Record: record}, membership.Up{Name: record.Name, BootID: record.Boot.ID})
	}

	snapshot := store.View().Snapshot()
	for _, instance := range snapshot.Instances("users") {
		fmt.Println(instance.Member, instance.Address, instance.State)
	}
	fmt.Println("available:", snapshot.Addresses("users"))
	// Output:
	// users-1 10.0.0.7:8080 active
	// users-2 10.0.0.8:8080 draining
	// available: [10.0.0.7:8080]
}

// A watcher gets the current snapshot and then, after each change, the latest.
func ExampleView_Watch() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	store := membership.NewStore("users-1")
	users := userRecord("users-1", "10.0.0.7:8080")
	for snapshot := range store.View().Watch(ctx) {
		fmt.Println(snapshot.Version(), snapshot.Addresses("users"))
		switch snapshot.Version() {
		case 1:
			store.Apply(membership.Heard{Record: users})
		case 2:
			users.Version, users.Services = 2, nil
			store.Apply(membership.Heard{Record: users})
		case 3:
			cancel()
		}
	}
	// Output:
	// 1 []
	// 2 [10.0.0.7:8080]
	// 3 []
}

// A line for each change of the members, which may take its time: a drain does not wait for it.
func ExampleView_Follow() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	store := membership.NewStore("users-1")
	for snapshot := range store.View().Follow(ctx) {
		fmt.Println(len(snapshot.Members()), "members")
		if len(snapshot.Members()) == 1 {
			break
		}
		store.Apply(membership.Heard{Record: userRecord("users-1", "10.0.0.7:8080")})
	}
	// Output:
	// 0 members
	// 1 members
}

func ExampleRecord_Encode() {
	encoded, err := userRecord("users-1", "10.0.0.7:8080").Encode(nil, membership.WireVersion)
	fmt.Println(len(encoded), "bytes,", err)

	_, err = userRecord("users-1", "10.0.0.7").Encode(nil, membership.WireVersion)
	fmt.Println(err)
	// Output:
	// 48 bytes, <nil>
	// address of service "users" "10.0.0.7": use host:port, with an IPv6 host in brackets: 10.0.0.7:8080, [fd00::7]:8080
}

func ExampleDecodeRecord() {
	encoded, _ := userRecord("users-1", "10.0.0.7:8080").Encode(nil, membership.WireVersion)
	record, err := membership.DecodeRecord(encoded)
	fmt.Println(record.Name, record.Boot, record.State, record.Services[0].Address, err)

	_, err = membership.DecodeRecord(append(encoded, 0))
	fmt.Println(err)
	// Output:
	// users-1 1-0000000000000007 active 10.0.0.7:8080 <nil>
	// membership: malformed record: 1 bytes after the end
}

// Heads stand one after the other. What is cut off is gone from the rest.
func ExampleCutHead() {
	var digest []byte
	for _, name := range []string{"users-1", "users-2"} {
		digest = membership.Head{Name: name, Boot: membership.Boot{Number: 1, ID: 7}, Version: 3}.Append(digest)
	}
	for len(digest) > 0 {
		head, rest, err := membership.CutHead(digest)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(head.Name, head.Version)
		digest = rest
	}
	// Output:
	// users-1 3
	// users-2 3
}
