package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/grapevine-go/grapevine/examples/shop/auth"
)

func TestIssue(t *testing.T) {
	keyFile, publicFile := filepath.Join(t.TempDir(), "issuer.pem"), filepath.Join(t.TempDir(), "keys.pem")
	if _, err := issue(keyFile, publicFile, "", auth.ReadOrders, time.Hour); err == nil {
		t.Error("a token for nobody was issued")
	}
	for range 2 { // with a new key, and with the same key again
		token, err := issue(keyFile, publicFile, "ann", auth.ReadOrders, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		public, err := os.ReadFile(publicFile)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := auth.ParseKeys(public)
		if err != nil {
			t.Fatal(err)
		}
		served := auth.Require(keys, auth.ReadOrders)(func(ctx context.Context, _ any) (any, error) {
			return auth.Subject(ctx), nil
		})
		if customer, err := served(auth.WithToken(t.Context(), token), nil); err != nil || customer != "ann" {
			t.Errorf("the token is for %v, %v", customer, err)
		}
	}
	if info, err := os.Stat(keyFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key has the mode %v, %v", info.Mode(), err)
	}
}
