// Command token issues a token for calls of the shop, and makes the issuer's key where there is none:
//
//	go run ./cmd/token -key issuer.pem -keys keys.pem -customer ann
//
// The file of -key is the secret of the issuer. The services read the file of -keys.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/grapevine-go/grapevine/examples/shop/auth"
)

func main() {
	keyFile := flag.String("key", "issuer.pem", "file of the private key")
	publicFile := flag.String("keys", "keys.pem", "file of the public key")
	customer := flag.String("customer", "", "for whom the token is")
	scope := flag.String("scope", strings.Join(auth.Customer, " "), "what it allows")
	lifetime := flag.Duration("for", time.Hour, "how long it is valid")
	flag.Parse()
	token, err := issue(*keyFile, *publicFile, *customer, *scope, *lifetime)
	if err != nil {
		fmt.Fprintln(os.Stderr, "token:", err)
		os.Exit(1)
	}
	fmt.Println(token)
}

func issue(keyFile, publicFile, customer, scope string, lifetime time.Duration) (string, error) {
	if customer == "" {
		return "", errors.New("-customer is empty: name the customer")
	}
	issuer, err := read(keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		issuer, err = create(keyFile, publicFile)
	}
	if err != nil {
		return "", err
	}
	return issuer.Issue(customer, lifetime, strings.Fields(scope)...)
}

func read(keyFile string) (*auth.Issuer, error) {
	text, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	return auth.ParseIssuer(text)
}

func create(keyFile, publicFile string) (*auth.Issuer, error) {
	issuer, err := auth.NewIssuer()
	if err != nil {
		return nil, err
	}
	private, err := issuer.PrivateKey()
	if err != nil {
		return nil, err
	}
	public, err := issuer.PublicKey()
	if err != nil {
		return nil, err
	}
	return issuer, errors.Join(os.WriteFile(keyFile, private, 0o600), os.WriteFile(publicFile, public, 0o644))
}
