module github.com/grapevine-go/grapevine/endpoint/gobreakerendpoint

go 1.26.0

require (
	github.com/grapevine-go/grapevine v0.0.0
	github.com/sony/gobreaker/v2 v2.4.0
)

require (
	github.com/go-kit/kit v0.13.0 // indirect
	github.com/go-kit/log v0.2.1 // indirect
	github.com/go-logfmt/logfmt v0.5.1 // indirect
	github.com/mattn/go-colorable v0.1.14 // indirect
	github.com/mattn/go-isatty v0.0.20 // indirect
	github.com/rs/zerolog v1.35.1 // indirect
	golang.org/x/sys v0.47.0 // indirect
)

replace github.com/grapevine-go/grapevine => ../..
