package grapevine_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/grapevine-go/grapevine"

// house says what the code of each folder, tests apart, may import from outside the standard library. Of this module a
// folder may import what stands below it: arrows only point down.
var house = map[string][]string{
	"membership":                 {},
	"balancer":                   {module + "/membership"},
	"docs/picture":               {},
	"cluster/internal":           {"github.com/rs/zerolog"},
	"cluster/transport":          {module + "/cluster/internal", "github.com/hashicorp/memberlist", "github.com/rs/zerolog"},
	"cluster":                    {module + "/membership", module + "/cluster/transport", module + "/cluster/internal", "github.com/hashicorp/memberlist", "github.com/hashicorp/go-msgpack/v2/codec", "github.com/rs/zerolog"},
	"endpoint":                   {module + "/membership", module + "/balancer", "github.com/go-kit/kit", "github.com/go-kit/log", "github.com/rs/zerolog"},
	"endpoint/dnsendpoint":       {module + "/membership", "golang.org/x/net/dns/dnsmessage", "github.com/rs/zerolog"},
	"endpoint/failsafeendpoint":  {module + "/endpoint", "github.com/failsafe-go/failsafe-go"},
	"endpoint/gobreakerendpoint": {module + "/endpoint", "github.com/sony/gobreaker/v2"},
	"endpoint/grpcendpoint":      {module + "/membership", module + "/balancer", module + "/endpoint", "google.golang.org/grpc", "google.golang.org/genproto/googleapis/rpc/errdetails", "google.golang.org/protobuf"},
	"testcluster":                {module + "/membership", module + "/balancer", module + "/cluster", module + "/endpoint"},
	"testcluster/bench":          {module, "github.com/cncf/xds/go", "github.com/go-kit", "github.com/go-kratos/kratos/v2", "github.com/hashicorp/memberlist", "github.com/hashicorp/serf", "github.com/miekg/dns", "github.com/rs/zerolog", "go.etcd.io/etcd", "go.uber.org/zap", "golang.org/x/sys/unix", "google.golang.org/grpc", "google.golang.org/protobuf"},
	"testcluster/demo":           {module, "github.com/go-kit", "github.com/mattn/go-isatty"},
	"examples":                   {module, "github.com/go-kit", "github.com/rs/zerolog"},

	// The store alone brings in SQLite, which takes long to compile.
	"examples/shop":               {module, "github.com/go-kit", "github.com/golang-jwt/jwt/v4", "github.com/rs/zerolog", "github.com/sony/gobreaker/v2", "golang.org/x/time", "google.golang.org/grpc", "google.golang.org/protobuf"},
	"examples/shop/orders/sqlite": {module, "modernc.org/sqlite"},
}

func TestArrowsOnlyPointDown(t *testing.T) {
	seen := make(map[string]bool)
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && file != "." && strings.HasPrefix(entry.Name(), ".") {
			return filepath.SkipDir // tools of CI, in modules of their own
		}
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		folder := filepath.ToSlash(filepath.Dir(file))
		room := roomOf(folder)
		if room == "" {
			t.Errorf("%s: folder %s is not in the house", file, folder)
			return nil
		}
		seen[room] = true
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if !isStandard(imported) && !allowed(house[room], imported) {
				t.Errorf("%s: %s may not import %s", file, room, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range house {
		if !seen[room] {
			t.Errorf("no code was found in %s", room)
		}
	}
}

// roomOf gives the nearest folder that house names.
func roomOf(folder string) string {
	for folder != "." {
		if _, ok := house[folder]; ok {
			return folder
		}
		folder = path.Dir(folder)
	}
	return ""
}

func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func allowed(list []string, imported string) bool {
	return slices.ContainsFunc(list, func(prefix string) bool {
		return imported == prefix || strings.HasPrefix(imported, prefix+"/")
	})
}
