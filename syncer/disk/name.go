package disk

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"unicode/utf8"
)

// CheckName tells whether name can be one entry of a directory on this system: nil or an error that is [ErrBadName].
// It is for names that come from elsewhere and are to be written: empty, ".", ".." and anything with a separator or
// NUL is refused everywhere; Windows also refuses its devices, streams, forbidden characters and trailing dots or
// spaces. Length is left to the file system.
func CheckName(name string) error {
	if err := checkElement(name); err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		return checkWindowsName(name)
	}
	return nil
}

// checkElement refuses what would reach beyond the directory it is used in.
func checkElement(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: empty", ErrBadName)
	case name == "." || name == "..":
		return fmt.Errorf("%w: %q means another folder", ErrBadName, name)
	case strings.IndexByte(name, 0) >= 0:
		return fmt.Errorf("%w: zero byte in %q", ErrBadName, name)
	case strings.IndexByte(name, '/') >= 0:
		return fmt.Errorf("%w: separator in %q", ErrBadName, name)
	case runtime.GOOS == "windows" && strings.ContainsAny(name, `\:`):
		return fmt.Errorf("%w: separator or stream in %q", ErrBadName, name)
	}
	return nil
}

// checkWindowsName refuses what Win32 would turn into another name, a device or a stream.
// Source: "Naming Files, Paths, and Namespaces", Microsoft.
func checkWindowsName(name string) error {
	if !utf8.ValidString(name) {
		return fmt.Errorf("%w: %q is not Unicode", ErrBadName, name)
	}
	for _, r := range name {
		if r < 0x20 || strings.ContainsRune(`<>:"/\|?*`, r) {
			return fmt.Errorf("%w: %q in %q", ErrBadName, r, name)
		}
	}
	if last := name[len(name)-1]; last == '.' || last == ' ' {
		return fmt.Errorf("%w: %q ends in a dot or space", ErrBadName, name)
	}
	// A device keeps its meaning before any extension: "nul.txt" is NUL.
	stem, _, _ := strings.Cut(name, ".")
	switch stem = strings.ToUpper(strings.TrimRight(stem, " ")); stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return fmt.Errorf("%w: %q is a device", ErrBadName, name)
	}
	if port, ok := strings.CutPrefix(stem, "COM"); ok && isPortNumber(port) {
		return fmt.Errorf("%w: %q is a device", ErrBadName, name)
	}
	if port, ok := strings.CutPrefix(stem, "LPT"); ok && isPortNumber(port) {
		return fmt.Errorf("%w: %q is a device", ErrBadName, name)
	}
	return nil
}

// isPortNumber: one digit, or one of the superscripts that Windows takes for digits.
func isPortNumber(s string) bool {
	switch s {
	case "¹", "²", "³":
		return true
	}
	return len(s) == 1 && s[0] >= '0' && s[0] <= '9'
}

// tempPrefix begins the name of everything that is not in place yet; 16 hexadecimal digits follow.
const tempPrefix = ".roost-tmp-"

// tempName is a name for something that is not in place yet. It need not be secret, only unused: whatever takes it
// uses O_EXCL or its like.
func tempName() string { return fmt.Sprintf("%s%016x", tempPrefix, rand.Uint64()) }

// IsTempName tells whether name is one of ours for content that is not in place yet. A backup leaves these out.
func IsTempName(name string) bool {
	digits, ok := strings.CutPrefix(name, tempPrefix)
	return ok && len(digits) == 16 && strings.Trim(digits, "0123456789abcdef") == ""
}
