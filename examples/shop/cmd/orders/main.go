// Command orders is a process of the service orders, which keeps its orders in a file of SQLite.
package main

import (
	"os"

	"github.com/grapevine-go/grapevine/examples/shop/orders"
	"github.com/grapevine-go/grapevine/examples/shop/orders/sqlite"
	"github.com/grapevine-go/grapevine/examples/shop/process"
)

func main() { process.Main(orders.Process(sqlite.OpenStore), os.Args[1:]) }
