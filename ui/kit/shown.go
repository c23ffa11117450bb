package kit

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Shown makes a name or path from outside safe to be drawn. Characters that change the direction of the
// text around them go, so that "\u202Egpj.exe" cannot pass for a picture; control characters and bytes
// that are no UTF-8 become U+FFFD, so that a line stays a line and two names stay two.
func Shown(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029':
			return -1
		case unicode.IsControl(r):
			return utf8.RuneError
		default:
			return r
		}
	}, strings.ToValidUTF8(name, string(utf8.RuneError)))
}
