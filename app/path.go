package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// jsonPath is a path in JSON: as text, and exactly where text cannot hold it.
type jsonPath struct {
	Path  string `json:"path"`
	Exact []byte `json:"path_b64,omitempty"`
}

func newPath(raw string) jsonPath { return jsonPath{utf8Path(raw), exactPath(raw)} }

// jsonFolder is the path of a kept folder, where an object names it beside other things.
type jsonFolder struct {
	Folder string `json:"folder"`
	Exact  []byte `json:"path_b64,omitempty"`
}

func newFolder(raw string) jsonFolder { return jsonFolder{utf8Path(raw), exactPath(raw)} }

// utf8Path shows bytes that are not UTF-8 as \xNN and leaves everything else.
func utf8Path(raw string) string {
	if utf8.ValidString(raw) {
		return raw
	}
	return escape(raw, func(rune) bool { return true })
}

// exactPath is nil where the text is exact already.
func exactPath(raw string) []byte {
	if utf8.ValidString(raw) {
		return nil
	}
	return []byte(raw)
}

// shown is text from outside as a terminal may have it: control characters and the marks that turn the direction of
// writing, by which one name can look like another, are escaped.
func shown(raw string) string {
	return escape(raw, func(r rune) bool { return !unicode.Is(unicode.Cc, r) && !unicode.Is(unicode.Bidi_Control, r) })
}

// escape writes bytes that are not UTF-8 as \xNN and runes that are not fine as \xNN or \uNNNN.
func escape(raw string, fine func(rune) bool) string {
	var b strings.Builder
	for i := 0; i < len(raw); {
		r, size := utf8.DecodeRuneInString(raw[i:])
		switch {
		case r == utf8.RuneError && size <= 1:
			fmt.Fprintf(&b, `\x%02x`, raw[i])
		case fine(r):
			b.WriteString(raw[i : i+size])
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += size
	}
	return b.String()
}

var windowsPath = regexp.MustCompile(`^([A-Za-z]:[\\/]|\\\\)`)

// folderPath makes a folder on the command line absolute. A folder of another device may have another system's path:
// that stays as it is.
func folderPath(dir string) (string, error) {
	if filepath.Separator != '\\' && windowsPath.MatchString(dir) {
		return dir, nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the folder %s: %w", dir, err)
	}
	return abs, nil
}

// folderPaths does so for several.
func (c *call) folderPaths(dirs []string) ([]string, error) {
	var paths []string
	for _, dir := range dirs {
		path, err := folderPath(dir)
		if err != nil {
			return nil, usage(c.command, "%v", err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// versionArg makes the folder in "latest:DIR" absolute.
func versionArg(snapshot string) (string, error) {
	dir, ok := strings.CutPrefix(snapshot, "latest:")
	if !ok {
		return snapshot, nil
	}
	if dir == "" {
		return "", usage(nil, "latest: needs the folder whose newest version is meant, or no colon.")
	}
	path, err := folderPath(dir)
	return "latest:" + path, err
}
