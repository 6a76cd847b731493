package endpoint

import (
	"testing"
	"testing/synctest"

	"github.com/grapevine-go/grapevine/membership"
)

func TestMetadataAloneSendsNothing(t *testing.T) {
	for name, change := range map[string]func(*membership.Record){
		"metadata of the member":  func(r *membership.Record) { r.Metadata = map[string]string{"rack": "7"} },
		"metadata of the service": func(r *membership.Record) { r.Services[0].Metadata = map[string]string{"shard": "7"} },
		"weight":                  func(r *membership.Record) { r.Services[0].Weight = 7 },
		"version":                 func(r *membership.Record) { r.Services[0].Version = "v7" },
		"another service": func(r *membership.Record) {
			r.Services = append(r.Services, membership.Service{Name: "mail", Address: "a:25"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				town := newTown("a")
				_, events := registered(t, town)
				checkWaiting(t, events, "[a:80]")
				before := town.View().Snapshot().Version()
				town.edit("a", change)
				if town.View().Snapshot().Version() == before {
					t.Error("the view has not changed")
				}
				checkWaiting(t, events)
				town.join("b")
				checkWaiting(t, events, "[a:80 b:80]")
			})
		})
	}
}
