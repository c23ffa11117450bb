// Package keystore keeps one vault's 32-byte master key where the operating system keeps secrets, or under a passphrase.
package keystore

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
)

// Store keeps master keys by vault. vault is the vault's id in hex, 1 to 64 bytes; capitals make no difference.
//
// Every method returns when ctx ends, with ctx's error. A keyring may be asking the person at that moment and cannot be
// called off: a Set or Delete that was given up may still happen when they answer.
type Store interface {
	// Get returns the key, or ErrNotFound.
	Get(ctx context.Context, vault string) ([32]byte, error)
	// Set keeps the key, in place of an older one of the same vault. After nil, Get returns it.
	Set(ctx context.Context, vault string, key [32]byte) error
	// Delete forgets the key. It returns ErrNotFound when there was none.
	Delete(ctx context.Context, vault string) error
}

// Why a key is not there. Anything else, such as a failing disk, is returned as the system said it and is none of
// these: a person who is told "wrong passphrase" when a disk fails gives up a backup that is fine.
var (
	// ErrNotFound: the store works and has no key for this vault.
	ErrNotFound = errors.New("this computer keeps no key for this backup")
	// ErrLocked: the keyring is there and closed, and it was not opened when it asked, or nobody could be asked.
	ErrLocked = errors.New("the keyring of this computer is locked: unlock it and try again")
	// ErrNoService: there is no session bus, no secret service on it, or no keyring in that.
	ErrNoService = errors.New(
		"this computer has no keyring to keep the key in: set ROOST_KEYSTORE=file to use a passphrase instead",
	)
	// ErrDenied: the system or the person refused access.
	ErrDenied = errors.New("this computer refused access to the key")
	// ErrDiffer: a new passphrase was typed twice, and not the same.
	ErrDiffer = errors.New("the two passphrases differ")
	// ErrWrongPassphrase: the file is whole, and another passphrase sealed it.
	ErrWrongPassphrase = errors.New("the passphrase does not open the key file")
	// ErrNoPassphrase: there is nobody to ask for the passphrase, or it is empty.
	ErrNoPassphrase = errors.New(
		"no passphrase for the key file: set ROOST_PASSPHRASE_FILE to a file that holds it",
	)
	// ErrDamaged: what was stored is cut or changed. No passphrase was tried on it.
	ErrDamaged = errors.New("the stored key is damaged")
	// ErrNewer: a later version of Roost wrote the key file.
	ErrNewer = errors.New("the key file was written by a newer version of Roost")
)

// maxVault is the longest vault id in bytes.
const maxVault = 64

// vaultID checks a vault's name and returns its bytes.
func vaultID(vault string) ([]byte, error) {
	id, err := hex.DecodeString(vault)
	if err != nil || len(id) == 0 || len(id) > maxVault {
		return nil, fmt.Errorf("name a key: a vault id is 1 to %d bytes in hex", maxVault)
	}
	return id, nil
}

// within returns what f returns, or ctx's error when ctx ends first. f waits for a person and cannot be stopped: it
// then ends on its own, whenever they answer, and its result is dropped.
func within[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
