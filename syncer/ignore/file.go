package ignore

import (
	"bytes"
	"strings"
)

// FileName is what a file of rules is called.
const FileName = ".roostignore"

// What a file of rules may hold.
const (
	MaxFileSize = 1 << 20 // bytes
	MaxPatterns = 10_000
	maxLine     = 8 << 10 // bytes: a path has at most 4096, each of which may have a backslash
)

// File is a .roostignore as the directory's listing shows it.
type File struct {
	Data  []byte // its content
	Fault Fault  // why there is no content: IsFolder, IsLink, Unreadable or TooLarge
}

// file is a .roostignore in force.
type file struct {
	outer    *file  // of a directory above; nil: none
	path     string // below the folder
	depth    int    // bytes of its directory's path: its patterns see what follows
	patterns []pattern
}

// parse reads the .roostignore of the directory at dir, "" or ending in a slash. It returns nil when the file does not
// count, or has nothing that does.
func parse(f *File, dir string) (*file, []Warning) {
	out := &file{path: dir + FileName, depth: len(dir)}
	fault := f.Fault
	switch {
	case fault != None:
	case len(f.Data) > MaxFileSize:
		fault = TooLarge
	case bytes.IndexByte(f.Data, 0) >= 0:
		fault = NotText
	}
	if fault != None {
		return nil, []Warning{{File: out.path, Fault: fault}}
	}
	var warnings []Warning
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(f.Data), "\ufeff")) {
		number++
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		p, fault := compile(line)
		switch {
		case fault == LongLine:
			warnings = append(warnings, Warning{File: out.path, Line: number, Fault: fault})
		case fault != None:
			warnings = append(warnings, Warning{File: out.path, Line: number, Text: line, Fault: fault})
		case p != nil:
			p.line = number
			out.patterns = append(out.patterns, *p)
		}
		if len(out.patterns) > MaxPatterns {
			return nil, []Warning{{File: out.path, Fault: TooLarge}}
		}
	}
	if dir == "" {
		if p := out.leavesAll(); p != nil {
			warnings = append(warnings, Warning{File: out.path, Line: p.line, Text: p.text, Fault: Everything})
		}
	}
	if len(out.patterns) == 0 {
		return nil, warnings
	}
	return out, warnings
}

// decide returns the last pattern that matches name at path, both with their mark; nil: none does.
func (f *file) decide(path, name string) *pattern {
	for i := len(f.patterns) - 1; i >= 0; i-- {
		if p := &f.patterns[i]; p.matches(path, name) {
			return p
		}
	}
	return nil
}

// leavesAll returns the pattern that leaves out all that the directory holds, with none that brings something back.
func (f *file) leavesAll() *pattern {
	var all *pattern
	for i := range f.patterns {
		p := &f.patterns[i]
		if p.back {
			return nil
		}
		if all == nil && p.all {
			all = p
		}
	}
	return all
}
