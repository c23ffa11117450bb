package syncer

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"roost/syncer/disk"
	"roost/syncer/ignore"
)

// rules are what a person does not want kept of a folder.
func (c config) rules(f folderConfig) *ignore.Rules {
	o := ignore.Options{Presets: map[string]bool{}, MaxFileSize: c.bytes("max-file-size"), Path: filepath.ToSlash(string(f.Path))}
	for _, p := range ignore.Presets() {
		o.Presets[p.Name] = c.value(presetKey(p)) == "on"
	}
	return ignore.New(o)
}

// rulesOf is equal for settings that leave out the same.
func rulesOf(c config) string {
	s := c.value("max-file-size")
	for _, p := range ignore.Presets() {
		s += " " + c.value(presetKey(p))
	}
	return s
}

func presetKey(p ignore.Preset) string { return "ignore-" + p.Name }

// presetSettings are the switches of what is left out.
func presetSettings() (out []setting) {
	for _, p := range ignore.Presets() {
		standard := "off"
		if p.Default {
			standard = "on"
		}
		out = append(out, setting{presetKey(p), standard, "on or off", "leave out: " + p.About, oneOf("on", "off")})
	}
	return out
}

// rulesFiles reads what a listed directory says of what is kept: its .roostignore, nil when it has none, and whether it
// is marked as a cache.
func rulesFiles(d *disk.Dir, entries []disk.Entry) (f *ignore.File, tagged bool) {
	for i := range entries {
		switch e := &entries[i]; e.Name {
		case ignore.FileName:
			f = readRules(d, e)
		case ignore.CacheTagName:
			head := make([]byte, ignore.CacheTagSize)
			n, err := readHead(d, e, head)
			tagged = err == nil && ignore.IsCacheTag(head[:n])
		}
	}
	return f, tagged
}

func readRules(d *disk.Dir, e *disk.Entry) *ignore.File {
	switch {
	case e.Kind == disk.Directory:
		return &ignore.File{Fault: ignore.IsFolder}
	case e.Kind == disk.Symlink:
		return &ignore.File{Fault: ignore.IsLink}
	case e.Size > ignore.MaxFileSize:
		return &ignore.File{Fault: ignore.TooLarge}
	}
	text := make([]byte, e.Size+1) // one more: it may have grown
	n, err := readHead(d, e, text)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return &ignore.File{Fault: ignore.Unreadable}
	}
	return &ignore.File{Data: text[:n]}
}

// readHead reads the beginning of a file.
func readHead(d *disk.Dir, e *disk.Entry, into []byte) (int, error) {
	f, err := d.OpenFile(e.Name)
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(f, into)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, errors.Join(err, f.Close())
}

// leavesOut tells whether a person does not want an entry kept.
func leavesOut(rules *ignore.Dir, e *disk.Entry) bool {
	_, out := rules.Skip(e.Name, e.Kind == disk.Directory, e.Size)
	return out
}
