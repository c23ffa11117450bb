package keystore

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/text/unicode/norm"
)

// File keeps the key of one vault in the file at path, sealed by a passphrase: for computers that have no keyring.
//
// ask returns the passphrase; it is called for each Get and Set, may wait for a person, and gives its slice away: it is
// overwritten. A nil ask or an empty passphrase is ErrNoPassphrase. The passphrase is used in Unicode's NFC, because
// keyboards differ in how they make an "é". Damage and newer versions are found without asking.
//
// The file belongs to this computer and is no part of the vault's format. Version 1, integers big-endian:
//
//	offset  size  content
//	     0     8  "roostkey"
//	     8     2  version, 1
//	    10     4  m: memory of Argon2id in KiB, 19456 (19 MiB) to 1048576 (1 GiB); written as 65536
//	    14     4  t: passes of Argon2id, 1 to 64; written as 3
//	    18     1  p: lanes of Argon2id, 1 to 16; written as 4
//	    19    16  salt, random, new in each file
//	    35     1  n: length of the vault id, 1 to 64
//	    36     n  vault id
//	  36+n    48  AES-256-GCM of the 32-byte master key: ciphertext and tag; nonce: 12 zero bytes;
//	              additional data: the bytes 0 to 36+n; key: 32 bytes of Argon2id (version 0x13) of the passphrase
//	  84+n    32  SHA-256 of the bytes 0 to 84+n
//
// In every version the file begins with the first ten bytes and ends with the SHA-256 of all before it. The checksum is
// no protection against an attacker, who can make it anew; it tells a failing disk from a mistyped passphrase.
//
// The file is replaced as a whole (a temporary file beside it, flushed, renamed) and is readable by its owner only; Get
// takes away permissions that it has gained. Set does not overwrite the file of another vault: it adds that vault's id to
// the file's name and so keeps it.
func File(path string, ask func() ([]byte, error)) Store {
	return fileStore{path: path, ask: ask, askNew: ask, cost: newCost}
}

type fileStore struct {
	path   string
	ask    func() ([]byte, error) // the passphrase of the file; nil: nobody to ask
	askNew func() ([]byte, error) // the passphrase for a new file
	cost   cost                   // of new files
}

func (s fileStore) Get(ctx context.Context, vault string) (key [32]byte, err error) {
	id, err := vaultID(vault)
	if err != nil {
		return key, err
	}
	file, err := s.read()
	if err != nil {
		return key, err
	}
	if !bytes.Equal(file.vault, id) {
		return key, fmt.Errorf("%w: %s holds the key of another one", ErrNotFound, s.path)
	}
	passphrase, err := readyPassphrase(ctx, s.ask)
	if err != nil {
		return key, err
	}
	defer clear(passphrase)
	return file.open(passphrase)
}

func (s fileStore) Set(ctx context.Context, vault string, key [32]byte) error {
	id, err := vaultID(vault)
	if err != nil {
		return err
	}
	old, err := s.read()
	switch {
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrDamaged): // a damaged file opens for nobody
	case err != nil:
		return err
	}
	passphrase, err := readyPassphrase(ctx, s.askNew)
	if err != nil {
		return err
	}
	defer clear(passphrase)
	b, err := sealKey(passphrase, id, key, s.cost)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if old.vault != nil && !bytes.Equal(old.vault, id) {
		if err := os.Rename(s.path, s.path+"."+hex.EncodeToString(old.vault)); err != nil {
			return fileError("set the key of another backup aside", err)
		}
	}
	return s.write(b)
}

func (s fileStore) Delete(ctx context.Context, vault string) error {
	id, err := vaultID(vault)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	file, err := s.read()
	switch {
	case errors.Is(err, ErrDamaged): // it may be this vault's, and opens for nobody
	case err != nil:
		return err
	case !bytes.Equal(file.vault, id):
		return fmt.Errorf("%w: %s holds the key of another one", ErrNotFound, s.path)
	}
	if err := os.Remove(s.path); err != nil {
		return fileError("delete the key file", err)
	}
	return syncDir(filepath.Dir(s.path))
}

func (s fileStore) read() (keyFile, error) {
	// Opening a pipe would wait for a writer.
	info, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return keyFile{}, ErrNotFound
	}
	if err != nil {
		return keyFile{}, fileError("read the key file", err)
	}
	if !info.Mode().IsRegular() {
		return keyFile{}, fmt.Errorf("read the key file: %s is not a file", s.path)
	}
	file, err := os.Open(s.path)
	if err != nil {
		return keyFile{}, fileError("read the key file", err)
	}
	// Only read from: nothing is lost when closing it fails.
	defer func() { _ = file.Close() }()
	keepPrivate(file, info.Mode())
	b, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err != nil {
		return keyFile{}, fileError("read the key file", err)
	}
	return parseKeyFile(b)
}

func (s fileStore) write(b []byte) (err error) {
	temp := s.path + ".tmp"
	// One that a crash left behind may have other permissions, or be a link.
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fileError("write the key file", err)
	}
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fileError("write the key file", err)
	}
	_, err = file.Write(b)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(temp, s.path)
	}
	if err != nil {
		return fileError("write the key file", errors.Join(err, os.Remove(temp)))
	}
	return syncDir(filepath.Dir(s.path))
}

// readyPassphrase asks and returns the passphrase as it is used. The caller clears it.
func readyPassphrase(ctx context.Context, ask func() ([]byte, error)) ([]byte, error) {
	if ask == nil {
		return nil, ErrNoPassphrase
	}
	typed, err := within(ctx, ask)
	if err != nil {
		return nil, fmt.Errorf("ask for the passphrase: %w", err)
	}
	passphrase := bytes.Clone(norm.NFC.Bytes(typed))
	clear(typed)
	if len(passphrase) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrNoPassphrase)
	}
	return passphrase, nil
}

// keepPrivate takes back what others may do with the file. A computer where that fails (another owner, a read-only or
// foreign file system) still gets its key: the passphrase protects it, and refusing would protect nobody.
func keepPrivate(file *os.File, mode fs.FileMode) {
	if runtime.GOOS == "windows" || mode.Perm()&0o077 == 0 { // on Windows the folder's access list says who may read
		return
	}
	if err := file.Chmod(0o600); err != nil {
		var cause *fs.PathError // without its path, which must not be logged
		if errors.As(err, &cause) {
			err = cause.Err
		}
		slog.Warn("Other users of this computer may read the key file; only its passphrase protects it.", "error", err)
	}
}

// syncDir makes a rename or removal in dir last through a power cut.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" { // directories cannot be flushed there
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return fileError("flush the key file's folder", err)
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) { // some network file systems have no such call
		err = nil
	}
	if err = errors.Join(err, d.Close()); err != nil {
		return fileError("flush the key file's folder", err)
	}
	return nil
}

// fileError names a refusal and leaves every other error of the file system as it is, so that a full or failing disk is
// never taken for a wrong passphrase.
func fileError(doing string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s: %w: %w", doing, ErrDenied, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
