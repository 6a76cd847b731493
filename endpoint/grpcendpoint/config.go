package grpcendpoint

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"google.golang.org/grpc"

	"github.com/grapevine-go/grapevine/membership"
)

// ownConfig makes gRPC choose our balancer.
const ownConfig = `[{"` + balancerName + `":{}}]`

// dialOptions are those of New and the caller, except for the service config.
func (t *target) dialOptions() []grpc.DialOption {
	dial := []grpc.DialOption{grpc.WithResolvers(resolverBuilder{t})}
	if !t.proxied {
		dial = append(dial, grpc.WithNoProxy())
	}
	return append(dial, t.dial...)
}

// serviceConfig returns the default service config that dial has, with our balancer in it. gRPC
// keeps one config only. A config without a balancer means pick_first, and would replace ours.
func (t *target) serviceConfig(dial []grpc.DialOption) (string, error) {
	trial, err := grpc.NewClient(t.name(), dial...) // does not connect
	if err != nil {
		return "", err
	}
	defer trial.Close()
	given, known := defaultConfig(trial)
	if !known {
		log.Warningf("a default service config is not used: gRPC %s does not show whether there is one", grpc.Version)
	}
	return withOwnBalancer(given)
}

// defaultConfig returns the argument of grpc.WithDefaultServiceConfig, "" for none. gRPC has no
// method for it; known is false if it keeps it elsewhere some day.
func defaultConfig(conn *grpc.ClientConn) (config string, known bool) {
	options := reflect.ValueOf(conn).Elem().FieldByName("dopts")
	if options.Kind() != reflect.Struct {
		return "", false
	}
	raw := options.FieldByName("defaultServiceConfigRawJSON")
	if raw.Kind() != reflect.Pointer || raw.Type().Elem().Kind() != reflect.String {
		return "", false
	}
	if raw.IsNil() {
		return "", true
	}
	return raw.Elem().String(), true
}

// withOwnBalancer refuses a config that names another balancer.
func withOwnBalancer(config string) (string, error) {
	fields := make(map[string]json.RawMessage)
	if config != "" {
		if err := json.Unmarshal([]byte(config), &fields); err != nil {
			return "", fmt.Errorf("default service config: %w", err)
		}
	}
	for key, value := range fields { // gRPC takes them in upper and lower case
		var names []string
		switch strings.ToLower(key) {
		case "loadbalancingpolicy":
			names = namesOf[string](value, func(name string) []string { return []string{name} })
		case "loadbalancingconfig":
			names = namesOf[[]map[string]any](value, keysOf)
		default:
			continue
		}
		for _, name := range names {
			if name != balancerName {
				return "", &membership.FieldError{Field: key + " of the default service config", Value: name,
					Remedy: "leave it out, or do without grpcendpoint: the policy of New chooses the instance"}
			}
		}
		delete(fields, key)
	}
	fields["loadBalancingConfig"] = json.RawMessage(ownConfig)
	merged, err := json.Marshal(fields)
	return string(merged), err
}

// namesOf returns the balancers that a field names. gRPC has already refused a value of another type.
func namesOf[T any](value json.RawMessage, names func(T) []string) []string {
	var read *T
	if err := json.Unmarshal(value, &read); err != nil || read == nil {
		return nil
	}
	return names(*read)
}

func keysOf(list []map[string]any) (keys []string) {
	for _, one := range list {
		for key := range one {
			keys = append(keys, key)
		}
	}
	return keys
}
