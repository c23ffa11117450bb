package keystore

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// FileName is what the file of a key under a passphrase is called in a home.
const FileName = "master.key"

// FromEnv returns the store that the environment chooses; env is os.Getenv.
//
// ROOST_KEYSTORE is keyring, also when it is empty, or file; anything else is an error that names the two. The file is
// FileName in home. Its passphrase is read from the file that ROOST_PASSPHRASE_FILE names, each time it is needed, without one line ending (\n or \r\n) at its end. Without that file ask gets it from a person, and twice for a new key,
// so that a typing error does not lock the key away; its slices are overwritten. ask is nil where nobody can be asked:
// then a store that needs a passphrase returns ErrNoPassphrase.
func FromEnv(home string, env func(string) string, ask func(prompt string) ([]byte, error)) (Store, error) {
	switch kind := env("ROOST_KEYSTORE"); kind {
	case "", "keyring":
		return Keyring(), nil
	case "file":
	default:
		return nil, fmt.Errorf("choose where to keep the key: ROOST_KEYSTORE is %q, and can be keyring or file", kind)
	}
	store := fileStore{path: filepath.Join(home, FileName), cost: newCost}
	if path := env("ROOST_PASSPHRASE_FILE"); path != "" {
		store.ask = func() ([]byte, error) { return readPassphrase(path) }
		store.askNew = store.ask
	} else if ask != nil {
		store.ask = func() ([]byte, error) { return ask("Passphrase for this computer's key: ") }
		store.askNew = func() ([]byte, error) { return askTwice(ask) }
	}
	return store, nil
}

// maxPassphrase is in bytes: what a passphrase file may hold.
const maxPassphrase = 64 << 10

func readPassphrase(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoPassphrase, err)
	}
	// Only read from: nothing is lost when closing it fails.
	defer func() { _ = file.Close() }()
	b, err := io.ReadAll(io.LimitReader(file, maxPassphrase+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoPassphrase, err)
	}
	if len(b) > maxPassphrase {
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", ErrNoPassphrase, path, maxPassphrase)
	}
	if line, found := bytes.CutSuffix(b, []byte("\n")); found {
		b = bytes.TrimSuffix(line, []byte("\r"))
	}
	return b, nil
}

func askTwice(ask func(prompt string) ([]byte, error)) ([]byte, error) {
	first, err := ask("New passphrase for this computer's key: ")
	if err != nil || len(first) == 0 {
		return first, err
	}
	again, err := ask("The same passphrase again: ")
	if err != nil {
		return nil, err
	}
	defer clear(again)
	if !bytes.Equal(first, again) {
		clear(first)
		return nil, ErrDiffer
	}
	return first, nil
}
