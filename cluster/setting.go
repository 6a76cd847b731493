package cluster

import (
	"strings"

	"github.com/grapevine-go/grapevine/membership"
)

// flagOf is the name of the flag that [Flags] defines for a field of Config, without its prefix.
var flagOf = map[string]string{
	"Name":       "name",
	"Cluster":    "cluster",
	"Bind":       "bind",
	"Advertise":  "advertise",
	"Join":       "join",
	"PeersFile":  "peers-file",
	"Secret":     "secret",
	"SecretFile": "secret-file",
	"CertFile":   "cert-file",
	"KeyFile":    "key-file",
	"CAFile":     "ca-file",
	"Insecure":   "insecure",
	"Zone":       "zone",

	"AllowLoopbackServices": "allow-loopback-services",
	"WireVersion":           "wire-version",
	"Linger":                "linger",
}

// settingOf names all places where fields of Config are set: "Config.Bind, -gossip.bind, $GOSSIP_BIND".
func settingOf(fields ...string) string {
	var places []string
	for _, field := range fields {
		places = append(places, "Config."+field)
		if name, ok := flagOf[field]; ok {
			places = append(places, "-"+flagPrefix+name, "$"+variable(name))
		}
	}
	return strings.Join(places, ", ")
}

// at adds to a FieldError where the value is set: in these fields of Config, their flags and their variables.
func at(err error, fields ...string) error {
	wrong, ok := err.(*membership.FieldError)
	if !ok {
		return err
	}
	placed := *wrong
	placed.Setting = settingOf(fields...)
	return &placed
}
