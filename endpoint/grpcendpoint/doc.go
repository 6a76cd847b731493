// Package grpcendpoint lets gRPC clients call the instances of a service in a view, as package endpoint does for Go kit: with
// the same policies, from the same knowledge, without a resolver to run or a list to keep.
//
//	conn, err := grpcendpoint.New(node.View(), "pricing", balancer.LeastRequest(),
//		grpcendpoint.Dial(grpc.WithTransportCredentials(credentials)))
//	prices := pricing.NewPricesClient(conn)
//
// gRPC keeps the connections; an instance is called while it has one. It is a module of its own, so that programs without gRPC
// do not require it.
package grpcendpoint
