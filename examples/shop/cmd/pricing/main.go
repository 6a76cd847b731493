// Command pricing is a process of the service pricing.
package main

import (
	"os"

	"github.com/grapevine-go/grapevine/examples/shop/pricing"
	"github.com/grapevine-go/grapevine/examples/shop/process"
)

func main() { process.Main(pricing.Process(pricing.New(pricing.Cents)), os.Args[1:]) }
