package transport

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

var (
	secretA = bytes.Repeat([]byte("0123456789abcdef"), 2)
	secretB = bytes.Repeat([]byte("fedcba9876543210"), 2)
)

func boundKeyring(t *testing.T, self, cluster string, secrets ...[]byte) *Keyring {
	t.Helper()
	k, err := NewKeyring(secrets...)
	if err == nil {
		err = k.bind(self, tagOf(cluster))
	}
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// goldenAuthority was computed by other means: HKDF-SHA256 and Ed25519 of Python's cryptography package.
const goldenAuthority = "5b205cfe"

// TestKeyringIsAsEver holds the derivation: members of different releases must have one authority.
func TestKeyringIsAsEver(t *testing.T) {
	if got := boundKeyring(t, "a@1", "golden", secretA).IDs()[0]; got != goldenAuthority {
		t.Errorf("the authority is %s, want %s", got, goldenAuthority)
	}
	if got := boundKeyring(t, "a@1", "other", secretA).IDs()[0]; got == goldenAuthority {
		t.Error("another cluster with the same secret has the same authority")
	}
	if got := boundKeyring(t, "a@1", "golden", secretB).IDs()[0]; got == goldenAuthority {
		t.Error("another secret has the same authority")
	}
}

func TestKeyringSteps(t *testing.T) {
	k := boundKeyring(t, "a@1", "c", secretA)
	a := k.IDs()[0]
	b := boundKeyring(t, "a@1", "c", secretB).IDs()[0]
	for _, step := range []struct {
		what string
		err  error
		do   func([]byte) error
		with []byte
		ids  []string
	}{
		{"use one that was not added", ErrUnknownSecret, k.Use, secretB, []string{a}},
		{"remove one that was not added", ErrUnknownSecret, k.Remove, secretB, []string{a}},
		{"remove the only one", ErrSecretInUse, k.Remove, secretA, []string{a}},
		{"add", nil, k.Add, secretB, []string{a, b}},
		{"add again", nil, k.Add, secretB, []string{a, b}},
		{"use", nil, k.Use, secretB, []string{b, a}},
		{"use again", nil, k.Use, secretB, []string{b, a}},
		{"remove the one in use", ErrSecretInUse, k.Remove, secretB, []string{b, a}},
		{"remove", nil, k.Remove, secretA, []string{b}},
	} {
		if err := step.do(step.with); !errors.Is(err, step.err) || !slices.Equal(k.IDs(), step.ids) {
			t.Errorf("%s: %v and %v, want %v and %v", step.what, err, k.IDs(), step.err, step.ids)
		}
	}
	if err := k.Set([][]byte{secretA, secretB}); err != nil || !slices.Equal(k.IDs(), []string{a, b}) {
		t.Errorf("set both: %v, %v", k.IDs(), err)
	}
	if err := k.Set([][]byte{secretA, secretA}); err != nil || !slices.Equal(k.IDs(), []string{a}) {
		t.Errorf("set one twice: %v, %v", k.IDs(), err)
	}
	k.Add(secretB)
	if err := k.Set(nil); err == nil || len(k.IDs()) != 2 {
		t.Errorf("set none: %v, %v", k.IDs(), err)
	}
}

func TestKeyringRefusesWhatCanBeGuessed(t *testing.T) {
	short := secretA[:LeastSecret-1]
	if _, err := NewKeyring(short); err == nil {
		t.Error("a short secret is taken")
	}
	if _, err := NewKeyring(); err == nil {
		t.Error("a keyring without secrets is made")
	}
	k := boundKeyring(t, "a@1", "c", secretA)
	if k.Add(short) == nil || k.Set([][]byte{short}) == nil || len(k.IDs()) != 1 {
		t.Error("a short secret is added")
	}
}

// TestKeyringBeforeItIsBound adds to a keyring that no transport has yet.
func TestKeyringBeforeItIsBound(t *testing.T) {
	k, err := NewKeyring(secretA)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Add(secretB); err != nil {
		t.Fatal(err)
	}
	if err := k.bind("a@1", tagOf("c")); err != nil || len(k.IDs()) != 2 {
		t.Errorf("%v, %v", k.IDs(), err)
	}
}
