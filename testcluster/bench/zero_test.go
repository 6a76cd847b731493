package main

import (
	"io"
	"os"
	"time"

	"github.com/zeromicro/go-zero/core/logx"
	_ "github.com/zeromicro/go-zero/zrpc" // registers its balancer with grpc
	"google.golang.org/grpc/grpclog"
)

// go-zero is here for tests only, and so for what they measure: its packages start goroutines and take over SIGTERM as soon as they are imported, and its
// balancer cannot be had without them. Its picker is built anew for each connection that comes up, in a time that grows with how many there are. It also sets a logger for grpc that asks for each detail: what is set here is grpc's own again.
func init() {
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, os.Stderr))
	logx.Disable()
	makers = append(makers, maker{name: "go-zero p2c", make: grpcOf("p2c_ewma", ""), most: 3_000})
}

// processStarted is without its monotonic reading, as is go-zero's own idea of it.
var processStarted = time.Now().Round(0)

// catchUp lets the clock of a synctest bubble, which begins in the year 2000, get past the start of this process. go-zero counts from there, and is
// at odds with negative times. Call it before anything in the bubble waits for a time.
func catchUp() { time.Sleep(time.Until(processStarted) + time.Second) }
