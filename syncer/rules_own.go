package syncer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"roost/syncer/disk"
	"roost/syncer/ignore"
)

// What a person wants left out of one folder stands in the .roostignore in it: the window edits the same file that an editor
// would, so that there is one place to look, and it is kept with the folder.

// Rules returns a folder's own rules, "" when it has none. Errors: ErrNotAdded, ErrUsage when what is there is no file of
// rules, and those of the disk.
func (e *Engine) Rules(_ context.Context, dir string) (text string, err error) {
	err = e.inFolder(dir, func(_ folderConfig, d *disk.Dir) error {
		text, _, err = ownRules(d)
		return err
	})
	return text, err
}

// ErrRulesChanged: somebody else changed the rules meanwhile.
var ErrRulesChanged = errors.New("the rules were changed by another program")

// SetRules writes a folder's own rules, which were as in before; an empty text removes the file. Nothing is written when
// they are not as in before any more. Errors: ErrRulesChanged, and those of Rules.
func (e *Engine) SetRules(_ context.Context, dir, before, text string) error {
	if len(text) > ignore.MaxFileSize || strings.ContainsRune(text, 0) {
		return fmt.Errorf("%w: rules are text of %d kB at most", ErrUsage, ignore.MaxFileSize>>10)
	}
	return e.inFolder(dir, func(_ folderConfig, d *disk.Dir) error {
		now, mode, err := ownRules(d)
		switch {
		case err != nil:
			return err
		case now != before:
			return ErrRulesChanged
		case text == now:
			return nil
		case text == "":
			if err := d.Remove(ignore.FileName); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove the rules: %w", err)
			}
			return nil
		}
		t, err := d.Create()
		if err != nil {
			return fmt.Errorf("write the rules: %w", err)
		}
		if _, err := t.Write([]byte(text)); err != nil {
			return errors.Join(fmt.Errorf("write the rules: %w", err), t.Abort())
		}
		at := time.Now()
		err = t.Commit(ignore.FileName, disk.Meta{Mode: mode, MTimeSec: at.Unix(), MTimeNsec: int32(at.Nanosecond())}, true)
		if _, bare := errors.AsType[*disk.MetaWarning](err); err != nil && !bare {
			return fmt.Errorf("write the rules: %w", err)
		}
		return nil
	})
}

// inFolder opens a kept folder.
func (e *Engine) inFolder(dir string, do func(folderConfig, *disk.Dir) error) error {
	f, err := e.folder(dir)
	if err != nil {
		return err
	}
	d, err := disk.OpenRoot(string(f.Path)) // which makes none that is missing
	if err != nil {
		return fmt.Errorf("open the folder: %w", err)
	}
	return errors.Join(do(f, d), d.Close())
}

// ownRules reads the rules in a folder, and the mode of their file, or the one that a new one gets.
func ownRules(d *disk.Dir) (text string, mode uint32, err error) {
	x, err := d.Lstat(ignore.FileName)
	if errors.Is(err, fs.ErrNotExist) {
		return "", 0o644, nil
	}
	if err != nil {
		return "", 0, fmt.Errorf("read the rules: %w", err)
	}
	f := readRules(d, &x)
	if f == nil {
		return "", 0o644, nil // it has just gone
	}
	if f.Fault != ignore.None {
		return "", 0, fmt.Errorf("%w: %s", ErrUsage, ignore.Warning{File: ignore.FileName, Fault: f.Fault})
	}
	return string(f.Data), x.Mode, nil
}

// Trial is what rules would leave out of a folder, by what leaves it out.
type Trial struct {
	Kept    Measured
	Own     Measured            // by the folder's own rules, and those in the folders below it
	Presets map[string]Measured // by the name of the setting that switches the preset
	Large   Measured            // by the limit on the size of a file
	Faults  []RulesFault        // of the folder's own rules
}

// RulesFault is a line of rules that is probably not meant so.
type RulesFault struct {
	Line int    // from 1; 0: all of it
	Text string // the line, where it can be shown
	All  bool   // it leaves out the whole folder; else it does nothing
}

// TryRules counts what a folder would keep, and what not, if these were its own rules; nothing is changed. What cannot be
// read is not counted. Errors: ErrNotAdded, those of the disk, and ctx's.
func (e *Engine) TryRules(ctx context.Context, dir, text string) (*Trial, error) {
	f, err := e.folder(dir)
	if err != nil {
		return nil, err
	}
	own, err := e.ownFolders()
	if err != nil {
		return nil, err
	}
	d, err := disk.OpenRoot(string(f.Path))
	if err != nil {
		return nil, fmt.Errorf("open the folder: %w", err)
	}
	t := trial{ctx: ctx, folder: f, own: own, out: &Trial{Presets: map[string]Measured{}}}
	rules, warnings := e.home.config().rules(f).Root(&ignore.File{Data: []byte(text)})
	for _, w := range warnings {
		t.out.Faults = append(t.out.Faults, RulesFault{Line: w.Line, Text: w.Text, All: w.Fault == ignore.Everything})
	}
	if err := errors.Join(t.walk(d, "", rules, nil, 0), d.Close()); err != nil {
		return nil, err
	}
	return t.out, nil
}

// trial is TryRules at work.
type trial struct {
	ctx    context.Context // of one call
	folder folderConfig
	own    ownFolders
	out    *Trial
}

// walk counts what lies in a directory: by its rules, or all of it into sum where it is left out as a whole.
func (t *trial) walk(d *disk.Dir, path string, rules *ignore.Dir, sum func(Measured), depth int) error {
	if err := t.ctx.Err(); err != nil || depth > countDepth {
		return err
	}
	entries, err := d.ReadDir()
	var some disk.EntryErrors
	if err != nil && !errors.As(err, &some) {
		return nil // not counted
	}
	for i := range entries {
		x := &entries[i]
		to := sum
		if to == nil {
			to = t.countTo(rules.Skip(x.Name, x.Kind == disk.Directory, x.Size))
		}
		switch x.Kind {
		case disk.File, disk.Symlink:
			if to == nil {
				to = t.kept
			}
			to(Measured{Files: 1, Bytes: x.Size})
		case disk.Directory:
			if err := t.enter(d, x, filepath.Join(path, x.Name), rules, to, depth); err != nil {
				return err
			}
		case disk.Other:
		}
	}
	return nil
}

// enter counts a directory within another one.
func (t *trial) enter(d *disk.Dir, x *disk.Entry, path string, rules *ignore.Dir, sum func(Measured), depth int) error {
	if t.own.has(x, t.folder, path) {
		return nil
	}
	sub, err := d.OpenDir(x.Name)
	if err != nil {
		return nil // not counted
	}
	var inner *ignore.Dir
	if sum == nil {
		f, tagged := ownFiles(sub)
		inner, _ = rules.Enter(x.Name, f, tagged)
	}
	return errors.Join(t.walk(sub, path, inner, sum, depth+1), sub.Close())
}

// ownFiles is rulesFiles of a directory that is not listed yet.
func ownFiles(d *disk.Dir) (*ignore.File, bool) {
	var there []disk.Entry
	for _, name := range []string{ignore.FileName, ignore.CacheTagName} {
		if x, err := d.Lstat(name); err == nil {
			there = append(there, x)
		}
	}
	return rulesFiles(d, there)
}

// countTo is where something that is left out for a reason counts; nil: it is kept.
func (t *trial) countTo(r ignore.Reason, out bool) func(Measured) {
	switch {
	case !out:
		return nil
	case r.Preset != "":
		key := presetKey(ignore.Preset{Name: r.Preset})
		return func(m Measured) { t.out.Presets[key] = t.out.Presets[key].plus(m) }
	case r.Limit > 0:
		return func(m Measured) { t.out.Large = t.out.Large.plus(m) }
	default:
		return func(m Measured) { t.out.Own = t.out.Own.plus(m) }
	}
}

func (t *trial) kept(m Measured) { t.out.Kept = t.out.Kept.plus(m) }

func (m Measured) plus(o Measured) Measured { return Measured{m.Files + o.Files, m.Bytes + o.Bytes} }
