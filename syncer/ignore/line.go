package ignore

import (
	"errors"
	"strings"
)

// errNoLine: there is no line that means this path and nothing else.
var errNoLine = errors.New("no line of a .roostignore can name it")

// LineFor is the line that leaves out one path of a folder, relative to it and with slashes, and nothing else.
func LineFor(path string) (string, error) {
	if path == "" || path[strings.LastIndexByte(path, '/')+1:] == FileName || strings.ContainsAny(path, "\n\r\x00") || strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") {
		return "", errNoLine
	}
	for name := range strings.SplitSeq(path, "/") {
		if name == "" || name == "." || name == ".." {
			return "", errNoLine
		}
	}
	var b strings.Builder
	b.WriteByte('/')
	for i := range len(path) {
		if strings.IndexByte(`\*?[]`, path[i]) >= 0 || path[i] == ' ' && i == len(path)-1 {
			b.WriteByte('\\')
		}
		b.WriteByte(path[i])
	}
	if b.Len() > maxLine {
		return "", errNoLine
	}
	return b.String(), nil
}
