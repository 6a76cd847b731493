// Command catalog is a process of the service catalog.
package main

import (
	"os"

	"github.com/grapevine-go/grapevine/examples/shop/catalog"
	"github.com/grapevine-go/grapevine/examples/shop/process"
)

func main() { process.Main(catalog.Process(catalog.New(catalog.Products...)), os.Args[1:]) }
