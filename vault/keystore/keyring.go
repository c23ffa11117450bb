package keystore

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/zalando/go-keyring"
)

// keyringService is the name that the items have in the system's keyring; their user is the vault id.
const keyringService = "Roost"

// keyringState is what the system says about its keyring before it is used.
type keyringState int32

const (
	keyringUnknown keyringState = iota // this system does not say
	keyringOpen
	keyringLocked // using it asks the person
	keyringAbsent // the service runs, and has no keyring that would keep an item
)

// Keyring keeps keys in the system's keyring: Secret Service on Linux and BSD, Keychain on macOS, Credential Manager on
// Windows. The value is base64, 44 bytes (Windows allows 2560). A locked keyring asks the person to unlock it, so a
// call can take as long as they do.
func Keyring() Store { return keyringStore{look: lookAtKeyring} }

type keyringStore struct {
	look func(context.Context) (keyringState, error)
}

func (k keyringStore) Get(ctx context.Context, vault string) ([32]byte, error) {
	return k.use(ctx, vault, keyringGet)
}

func (k keyringStore) Set(ctx context.Context, vault string, key [32]byte) error {
	_, err := k.use(ctx, vault, func(user string) ([32]byte, error) {
		if err := keyring.Set(keyringService, user, base64.StdEncoding.EncodeToString(key[:])); err != nil {
			return [32]byte{}, err
		}
		// The client reports success when the person refused in a dialog, so the keyring is asked again.
		kept, err := keyringGet(user)
		if err == nil && kept != key || errors.Is(err, keyring.ErrNotFound) {
			return [32]byte{}, fmt.Errorf("%w: the keyring did not keep it", ErrDenied)
		}
		return kept, err
	})
	return err
}

func (k keyringStore) Delete(ctx context.Context, vault string) error {
	_, err := k.use(ctx, vault, func(user string) (none [32]byte, _ error) {
		if err := keyring.Delete(keyringService, user); err != nil {
			return none, err
		}
		switch _, err := keyring.Get(keyringService, user); {
		case errors.Is(err, keyring.ErrNotFound):
			return none, nil
		case err != nil:
			return none, err
		}
		return none, fmt.Errorf("%w: the keyring did not delete it", ErrDenied)
	})
	return err
}

// use runs one call to the keyring and names its errors.
func (k keyringStore) use(
	ctx context.Context, vault string, call func(user string) ([32]byte, error),
) ([32]byte, error) {
	id, err := vaultID(vault)
	if err != nil {
		return [32]byte{}, err
	}
	var state atomic.Int32 // read when call is still waiting
	key, err := within(ctx, func() (key [32]byte, err error) {
		// go-keyring dereferences nil when the bus goes away while it waits for a dialog, and trusts the types of
		// what the service answers. That must not end a backup.
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("%w: the keyring service broke off: %v", ErrNoService, p)
			}
		}()
		found, err := k.look(ctx)
		if ctx.Err() != nil { // it may be why looking failed
			return key, ctx.Err()
		}
		if err != nil {
			return key, err
		}
		state.Store(int32(found))
		return call(hex.EncodeToString(id))
	})
	return key, keyringError(err, keyringState(state.Load()))
}

func keyringGet(user string) (key [32]byte, err error) {
	value, err := keyring.Get(keyringService, user)
	if err != nil {
		return key, err
	}
	b, err := base64.StdEncoding.Strict().DecodeString(value)
	if err != nil || len(b) != len(key) {
		return key, fmt.Errorf("%w: the keyring holds something else in its place", ErrDamaged)
	}
	return [32]byte(b), nil
}

// keyringError names an error of the client by its type, and one that has no type by the state of the keyring.
func keyringError(err error, state keyringState) error {
	for _, named := range []error{ErrNoService, ErrDenied, ErrDamaged} {
		if errors.Is(err, named) {
			return err
		}
	}
	cause := keyringCause(err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, keyring.ErrUnsupportedPlatform):
		return fmt.Errorf("%w: %w", ErrNoService, err)
	case cause != nil:
		return fmt.Errorf("%w: %w", cause, err)
	case state == keyringLocked: // also when ctx ended: the person was still being asked
		return fmt.Errorf("%w: %w", ErrLocked, err)
	case state == keyringAbsent && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", ErrNoService, err)
	}
	return fmt.Errorf("use the keyring: %w", err)
}
