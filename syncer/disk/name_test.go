package disk

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestNamesThatLeaveTheDirectoryAreRefused(t *testing.T) {
	for _, name := range []string{"", ".", "..", "/", "/etc", "a/b", "../a", "a/", "a\x00", "\x00", strings.Repeat("x/", 100)} {
		if err := CheckName(name); !errors.Is(err, ErrBadName) {
			t.Errorf("%q: %v", name, err)
		}
	}
	good := []string{"a", "...", ".hidden", "größe", "a b", strings.Repeat("n", 255)}
	if runtime.GOOS != "windows" {
		good = append(good, "NUL", "a:b", `a\b`, "trailing.", "line\nbreak", "\xff")
	}
	for _, name := range good {
		if err := CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestNamesThatWindowsReadsDifferentlyAreRefusedThere(t *testing.T) {
	for _, name := range []string{
		"CON", "con", "nul.txt", "NUL .tar.gz", "aux", "prn", "com0", "COM9", "lpt1.x", "COM¹", "LPT³.a", "conin$", "CONOUT$",
		"file:stream", "C:", "a\\b", "a<b", "a>b", `a"b`, "a|b", "a?b", "a*b", "a\x1fb", "dot.", "space ", "...", " ", "\xff",
	} {
		if err := checkWindowsName(name); !errors.Is(err, ErrBadName) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"console", "nul1", "com10", "com", "comé", "lpt", ".con", "a.con", "größe", ".hidden", " a"} {
		if err := checkWindowsName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestTempNamesAreTold(t *testing.T) {
	if name := tempName(); !IsTempName(name) || CheckName(name) != nil || checkWindowsName(name) != nil {
		t.Errorf("%q is not one", name)
	}
	for _, name := range []string{"", ".roost-tmp-", ".roost-tmp-0123456789abcde", ".roost-tmp-0123456789abcdeg", ".roost-tmp-0123456789abcdef0", "x.roost-tmp-0123456789abcdef"} {
		if IsTempName(name) {
			t.Errorf("%q is one", name)
		}
	}
}

func FuzzCheckName(f *testing.F) {
	for _, name := range []string{"a", "..", "a/b", "nul", "\xff", "a\x00", ".", "a\\b"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		_ = checkWindowsNameIfPossible(name)
		if CheckName(name) != nil {
			return
		}
		if filepath.Dir(filepath.Join("dir", name)) != "dir" || filepath.Base(name) != name || os.IsPathSeparator(name[0]) {
			t.Fatalf("%q is more than one name", name)
		}
	})
}

// checkWindowsNameIfPossible: it is only called with names that passed the other check.
func checkWindowsNameIfPossible(name string) error {
	if err := checkElement(name); err != nil {
		return err
	}
	return checkWindowsName(name)
}
