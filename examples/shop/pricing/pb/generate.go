// Package pb is the Go code that protoc generates from pricing.proto.
//
// go generate needs protoc (the Debian package protobuf-compiler). Its two plugins are tools of
// this module.
package pb

//go:generate sh -c "protoc --plugin=$(go tool -n protoc-gen-go) --plugin=$(go tool -n protoc-gen-go-grpc) --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative pricing.proto"
