//go:build unix

package keystore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

const pathEnv = "KEYSTORE_TEST_PATH"

func init() {
	children["refused"] = func() error {
		s, asked := cheap(os.Getenv(pathEnv), "secret")
		for call, err := range eachCall(context.Background(), s) {
			if err := wantOnly(err, ErrDenied); err != nil || *asked != 0 {
				return fmt.Errorf("%s: %w, asked %d times", call, err, *asked)
			}
		}
		return nil
	}

	children["read-only folder"] = func() error {
		path := os.Getenv(pathEnv)
		s, _ := cheap(path, "secret")
		if key, err := s.Get(context.Background(), vaultA); err != nil || key != masterKey {
			return fmt.Errorf("get: %x, %w", key, err)
		}
		empty, _ := cheap(filepath.Join(filepath.Dir(path), "new.key"), "secret")
		for call, err := range map[string]error{
			"replace": s.Set(context.Background(), vaultA, otherKey),
			"create":  empty.Set(context.Background(), vaultA, otherKey),
			"aside":   s.Set(context.Background(), vaultB, otherKey),
			"delete":  s.Delete(context.Background(), vaultA),
		} {
			if err := errors.Join(wantOnly(err, ErrDenied), wantIs(err, fs.ErrPermission)); err != nil {
				return fmt.Errorf("%s: %w", call, err)
			}
		}
		if key, err := s.Get(context.Background(), vaultA); err != nil || key != masterKey {
			return fmt.Errorf("get again: %x, %w", key, err)
		}
		return nil
	}
}

func wantIs(err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("got error %q, want %q", err, want)
	}
	return nil
}

// handOver gives a copy of the key file to the children's user, in a folder of mode dir.
func handOver(t *testing.T, file, dir fs.FileMode) string {
	t.Helper()
	path := filepath.Join(worldDir(t), "master.key")
	writeFile(t, path, readFile(t, stored(t)))
	for _, p := range []string{path, filepath.Dir(path)} {
		if err := os.Chown(p, childUID(), -1); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(path, file); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(path), dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Dir(path), 0o700) }) // so that it can be removed
	return path
}

func TestAnUnreadableKeyFileIsDeniedAndNotAWrongPassphrase(t *testing.T) {
	runChild(t, "refused", []string{pathEnv + "=" + handOver(t, 0o000, 0o700)}, asNobody(t))
}

func TestAReadOnlyFolderKeepsItsKeyReadable(t *testing.T) {
	runChild(t, "read-only folder", []string{pathEnv + "=" + handOver(t, 0o600, 0o500)}, asNobody(t))
}

func TestAKeyFileIsItsOwnersAlone(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	path := stored(t)
	mode := func() fs.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	if mode() != 0o600 {
		t.Errorf("written with mode %o", mode())
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	s, _ := cheap(path, "secret")
	if key, err := s.Get(t.Context(), vaultA); err != nil || key != masterKey {
		t.Errorf("%x, %v", key, err)
	}
	if mode() != 0o600 {
		t.Errorf("read and left with mode %o", mode())
	}
}

func TestAPipeInPlaceOfTheFileDoesNotHang(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := cheap(path, "secret")
	if _, err := s.Get(t.Context(), vaultA); err == nil || wantOnly(err) != nil {
		t.Errorf("%v", err)
	}
}
