// Package endpoint connects a [membership.View] to Go kit: an [Instancer] and a [Registrar] for stock kit, and, with
// more knowledge of what is behind them, an [Endpointer], a [Balancer], [Retry] and [Hedge]. A [Transport] is the same for
// an http.Client. [CloseWhileDraining], [CountHTTP] and [Count] are for the server.
//
// For both sides there are kinds of errors that survive the way to the caller, such as
// [ErrNotFound], see [Problem]; middlewares, see [Logging], [Recover] and [Deadline]; and a request
// ID and a deadline that travel, see [ReadRequestID] and [ReadDeadline].
//
// Everything here may be used by any number of goroutines. Whatever starts a goroutine has a Stop or a Close that waits
// for it and may be called twice.
package endpoint
