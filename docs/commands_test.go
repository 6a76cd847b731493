package docs_test

// elsewhere lists the commands that TestCommandsRun leaves to others: the reason, and a test or a script that covers them.
// Each document has a part of its own. An entry that no document uses fails.
var elsewhere = map[string]covered{
	// README.md and README.zh-CN.md
	"go run ./testcluster/demo": {"takes half a minute", ".ci/run"},
	"go run ./examples/hello -gossip.name alice -gossip.bind 127.0.0.1:7946": {"runs until a signal", "TestHelloInTwoTerminals"},
	"go run ./examples/hello -gossip.name bob -gossip.join 127.0.0.1:7946":   {"runs until a signal", "TestHelloInTwoTerminals"},

	// CONTRIBUTING.md

	// SECURITY.md

	// docs/balancing.md

	// docs/benchmarks.md

	// docs/compatibility.md

	// docs/faq.md

	// docs/from-consul.md

	// docs/operations.md

	// docs/security.md

	// docs/testing.md

	// examples/*/README.md

	// testcluster/bench/README.md
}

// foreign lists programs that the tests neither run nor know the flags of.
var foreign = map[string]string{
	"docker":  "needs a daemon",
	"kubectl": "needs a cluster",
}

// covered says why a command is not run here, and what covers it.
type covered struct{ reason, by string }
