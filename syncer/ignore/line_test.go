package ignore

import (
	"strings"
	"testing"
)

// leavesOut tells whether a line leaves out a path.
func leavesOut(t *testing.T, line, path string) bool {
	t.Helper()
	d, warnings := New(Options{}).Root(&File{Data: []byte(line + "\n")})
	for _, w := range warnings {
		if w.Fault != Everything {
			t.Fatalf("%q: %v", line, w)
		}
	}
	names := strings.Split(path, "/")
	for i, name := range names {
		if by, out := d.Skip(name, i < len(names)-1, 0); out && by.File != "" {
			return true
		}
		d, _ = d.Enter(name, nil, false)
	}
	return false
}

func TestALineForAPathMeansThatPathAlone(t *testing.T) {
	for path, others := range map[string][]string{
		"notes.txt":                  {"old/notes.txt", "notes_txt"},
		"a/b c/d.txt":                {"x/a/b c/d.txt", "a/b c/d"},
		"*.txt":                      {"a.txt"},
		"what?.doc":                  {"whats.doc"},
		"[1].png":                    {"1.png"},
		"#draft":                     {"draft"},
		"!important":                 {"important"},
		`back\slash`:                 {"backslash"},
		"trailing ":                  {"trailing"},
		" leading":                   {"leading"},
		"رسالة.txt":                  {"رسالة"},
		"bytes\xff\xfe":              {"bytes"},
		"tab\tname":                  {"tab name"},
		"deep/[x]/*/q?":              {"deep/x/a/qq"},
		"node_modules/pkg/index.js~": {"node_modules/pkg/index.js"},
	} {
		line, err := LineFor(path)
		if err != nil {
			t.Errorf("%q: %v", path, err)
			continue
		}
		if !leavesOut(t, line, path) {
			t.Errorf("%q does not leave out %q", line, path)
		}
		for _, other := range others {
			if leavesOut(t, line, other) {
				t.Errorf("%q leaves out %q as well", line, other)
			}
		}
	}
	for _, path := range []string{"", ".", "..", "/etc", "a//b", "a/../b", "a/", "line\nbreak", "carriage\r", FileName, "a/" + FileName, strings.Repeat("x", maxLine)} {
		if line, err := LineFor(path); err == nil {
			t.Errorf("%q is named by %q", path, line)
		}
	}
}

func FuzzLineFor(f *testing.F) {
	f.Add("a/b c")
	f.Add(`\*?[]!#`)
	f.Fuzz(func(t *testing.T, path string) {
		line, err := LineFor(path)
		if err != nil {
			return
		}
		if strings.ContainsAny(line, "\n\r") {
			t.Errorf("%q is more than one line", line)
		}
		if !leavesOut(t, line, path) {
			t.Errorf("%q does not leave out %q", line, path)
		}
	})
}
