// Package pb is the Go code that protoc generates from pricing.proto.
//
// go generate needs protoc (the Debian package protobuf-compiler). Its two plugins are tools of
// this module.
package pb

//go:generate sh generate.sh
