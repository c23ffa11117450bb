// Package ignore says which files a person does not want kept.
//
// Three things say so, each only where the one before is silent: what the person wrote into files named .roostignore,
// presets that can be switched, and a limit on the size of a file. So a line "!node_modules" brings back what a preset
// leaves out, and "!*.iso" what is too large.
//
// The syntax is that of .gitignore, and means what it means to git: a .roostignore counts for its directory and what is
// below, the innermost file with a matching line decides, in it the last such line, and nothing below a directory that
// is left out can be brought back. On every system letters of another case are other letters, so that a file means the
// same on all devices. No line can leave out a .roostignore: it belongs to the files that it speaks of.
package ignore

import "strings"

// Options are what a person chose for a folder. The zero value is what is on by default.
type Options struct {
	Presets     map[string]bool // by Preset.Name, those switched away from their default; unknown names do nothing
	MaxFileSize int64           // bytes; larger files are left out; 0: no limit

	// Path is the folder's own, with slashes. It completes presets of several names: in a folder ~/Library, the
	// directory Caches is Library/Caches. The folder itself is never left out, whatever it is called.
	Path string
}

// Rules are Options made ready. They never change; any number of goroutines may use them, and the Dirs made from them.
type Rules struct {
	lookup  lookup
	maxSize int64  // 0: no limit
	above   string // Options.Path, with a slash at both ends
	tags    bool   // a CACHEDIR.TAG counts
}

// New makes rules for one folder.
func New(o Options) *Rules {
	r := &Rules{maxSize: o.MaxFileSize, above: "/" + strings.Trim(o.Path, "/") + "/"}
	for i := range presets {
		p := &presets[i]
		on, switched := o.Presets[p.Name]
		if !switched {
			on = p.Default
		}
		if on {
			r.lookup.add(p)
			r.tags = r.tags || p == cachePreset
		}
	}
	return r
}

// Dir is the rules as they stand inside one directory of the folder.
type Dir struct {
	rules  *Rules
	path   string // below the folder, with a slash at its end; "" is the folder itself
	files  *file  // the innermost .roostignore in force; nil: none
	tagged bool   // the directory is a cache, and says so
}

// Root returns the rules inside the folder itself, whose .roostignore is f, nil when it has none. A CACHEDIR.TAG there
// does not count: who picks a cache as a folder wants it kept.
func (r *Rules) Root(f *File) (*Dir, []Warning) {
	return (&Dir{rules: r}).with(f)
}

// Enter returns the rules inside the directory called name, which was not skipped. f is its .roostignore, nil when it
// has none; tagged says that it holds a CACHEDIR.TAG for which IsCacheTag is true.
func (d *Dir) Enter(name string, f *File, tagged bool) (*Dir, []Warning) {
	inner := &Dir{rules: d.rules, path: d.path + name + "/", files: d.files, tagged: tagged && d.rules.tags}
	return inner.with(f)
}

// with puts the directory's own .roostignore into force.
func (d *Dir) with(f *File) (*Dir, []Warning) {
	if f == nil {
		return d, nil
	}
	parsed, warnings := parse(f, d.path)
	if parsed != nil {
		parsed.outer = d.files
		d.files = parsed
	}
	return d, warnings
}

// Skip says whether name, in this directory, is to be left out, and why: for a directory that means everything below. Of
// a name that is kept the Reason is the line that brought it back, if one did.
// A link is no directory, wherever it leads. size is in bytes and of no account for a directory.
func (d *Dir) Skip(name string, isDir bool, size int64) (Reason, bool) {
	if name == FileName && !isDir {
		return Reason{}, false
	}
	if d.files != nil {
		path := d.path + name + mark
		marked := path[len(d.path):]
		if isDir {
			path += "/"
		}
		for f := d.files; f != nil; f = f.outer {
			if p := f.decide(path[f.depth:], marked); p != nil {
				return Reason{File: f.path, Line: p.line, Pattern: p.text}, !p.back
			}
		}
	}
	if d.tagged && name != CacheTagName {
		return Reason{Preset: cachePreset.Name}, true
	}
	if p := d.rules.lookup.find(d, name, isDir); p != nil {
		return Reason{Preset: p.Name}, true
	}
	if limit := d.rules.maxSize; limit > 0 && !isDir && size > limit {
		return Reason{Limit: limit}, true
	}
	return Reason{}, false
}
