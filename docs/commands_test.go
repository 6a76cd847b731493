package docs_test

// elsewhere lists the commands that TestCommandsRun leaves to others: the reason, and a test or a script that covers them. A key
// that ends in three dots covers every command that begins like it.
// Each document has a part of its own. An entry that no document uses fails.
var elsewhere = map[string]covered{
	// README.md and README.zh-CN.md
	"go run ./examples/hello -gossip.name alice -gossip.bind 127.0.0.1:7946":                                                {"runs until a signal", "TestHelloInTwoTerminals"},
	"go run ./examples/hello -gossip.name bob -gossip.join 127.0.0.1:7946":                                                  {"runs until a signal", "TestHelloInTwoTerminals"},
	"mkdir ../greeter && cd ../greeter && go mod init greeter":                                                              {"needs the program", "TestServiceOfYourOwn"},
	"go mod edit -require github.com/grapevine-go/grapevine@v0.0.0 -replace github.com/grapevine-go/grapevine=../grapevine": {"needs the module", "TestServiceOfYourOwn"},
	"go mod tidy": {"needs the program", "TestServiceOfYourOwn"},
	"go run . -gossip.name one -gossip.bind 127.0.0.1:7946": {"runs until a signal", "TestServiceOfYourOwn"},

	// CONTRIBUTING.md
	"go test work": {"would run itself", "TestCommandsRun"},
	"GOTOOLCHAIN=go1.27.4 go test -race -short ./...": {"would run itself", "TestCommandsRun"},
	"go run ./testcluster/demo":                       {"takes half a minute", ".ci/run"},
	"go -C testcluster/bench run ....":                {"takes hours", "TestEveryMetricHasARow"},
	".ci/run":                                         {"would run itself", "TestCommandsAreKnown"},

	// SECURITY.md

	// docs/balancing.md

	// docs/benchmarks.md

	// docs/compatibility.md

	// docs/faq.md

	// docs/from-consul.md

	// docs/operations.md

	// docs/security.md
	"go run ./examples/hello ...": {"runs until a signal", "TestModesOfSecurity"},

	// docs/testing.md

	// examples/*/README.md
	"go run ./examples/shop":    {"builds a database for a minute", "TestShow"},
	"go run ./examples/dns ...": {"runs until a signal", "TestDNS"},
	"python3 -c ...":            {"needs a service that runs", "TestDNS"},
	"nginx -e stderr ...":       {"runs until a signal", "TestDNS"},
	"export GOSSIP_SECRET=...":  {"is for the commands after it", "TestByHand"},
	"go run ./cmd/...":          {"runs until a signal", "TestByHand"},

	// testcluster/bench/README.md
}

// foreign lists programs that the tests neither run nor know the flags of.
var foreign = map[string]string{
	"curl":    "needs a service that runs",
	"docker":  "needs a daemon",
	"kubectl": "needs a cluster",
}

// covered says why a command is not run here, and what covers it.
type covered struct{ reason, by string }
