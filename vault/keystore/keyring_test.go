package keystore

import (
	"context"
	"errors"
	"testing"

	"github.com/zalando/go-keyring"
)

const (
	vaultA = "00112233445566778899aabbccddeeff"
	vaultB = "ffeeddccbbaa99887766554433221100"
)

// mocked is the keyring without the look at the system: go-keyring's own mock answers.
func mocked(state keyringState) Store {
	return keyringStore{look: func(context.Context) (keyringState, error) { return state, nil }}
}

// eachCall returns the errors of Get, Set and Delete.
func eachCall(ctx context.Context, s Store) map[string]error {
	_, get := s.Get(ctx, vaultA)
	return map[string]error{"get": get, "set": s.Set(ctx, vaultA, [32]byte{1}), "delete": s.Delete(ctx, vaultA)}
}

func TestKeyringErrorsAreToldApart(t *testing.T) {
	plain := errors.New("something else")
	for _, test := range []struct {
		name  string
		err   error
		state keyringState
		want  []error
	}{
		{"not found", keyring.ErrNotFound, keyringOpen, []error{ErrNotFound}},
		{"not found, was locked", keyring.ErrNotFound, keyringLocked, []error{ErrNotFound}},
		{"unsupported", keyring.ErrUnsupportedPlatform, keyringUnknown, []error{ErrNoService}},
		{"untyped, open", plain, keyringOpen, []error{plain}},
		{"untyped, unknown", plain, keyringUnknown, []error{plain}},
		{"untyped, locked", plain, keyringLocked, []error{ErrLocked, plain}},
		{"untyped, no keyring", plain, keyringAbsent, []error{ErrNoService, plain}},
	} {
		keyring.MockInitWithError(test.err)
		for call, err := range eachCall(t.Context(), mocked(test.state)) {
			if err := wantOnly(err, test.want...); err != nil {
				t.Errorf("%s, %s: %v", test.name, call, err)
			}
		}
	}
}

func TestKeyringIsNotAskedWhenTheContextHasEnded(t *testing.T) {
	keyring.MockInit()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for call, err := range eachCall(ctx, mocked(keyringOpen)) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", call, err)
		}
	}
	if _, err := mocked(keyringOpen).Get(t.Context(), vaultA); !errors.Is(err, ErrNotFound) {
		t.Errorf("set although the context had ended: %v", err)
	}
}

func TestVaultNamesAreChecked(t *testing.T) {
	keyring.MockInit()
	for _, s := range []Store{mocked(keyringOpen), File(t.TempDir()+"/master.key", nil)} {
		for _, vault := range []string{"", "x", "abc", "../../etc", string(make([]byte, 200)), "ab ", hexOf(65)} {
			_, get := s.Get(t.Context(), vault)
			set, del := s.Set(t.Context(), vault, [32]byte{}), s.Delete(t.Context(), vault)
			for _, err := range []error{get, set, del} {
				if err == nil || wantOnly(err) != nil {
					t.Errorf("%T accepted %q: %v", s, vault, err)
				}
			}
		}
	}
}

func hexOf(n int) string {
	b := make([]byte, 2*n)
	for i := range b {
		b[i] = 'a'
	}
	return string(b)
}
