package syncer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"roost/syncer/disk"
	"roost/vault"
	"roost/vault/format"
)

// target is one version on its way to one folder.
type target struct {
	version vault.Version
	root    *format.Entry
	pick    selection
	prefix  string // of paths in failures: the folder's name where several folders are restored, else ""
	path    string // the folder that is written to
	within  string // the folder that is opened, which holds the one that is written to or is that
	name    string // of path in within; "" when they are the same

	ground *disk.Dir // within, open
}

// targets decides where each version goes, and that each path is in one of them.
func (r *restore) targets(ctx context.Context, versions []vault.Version, o RestoreOptions) ([]*target, error) {
	missing := map[string]bool{}
	for _, p := range o.Paths {
		missing[p] = true
	}
	taken := map[string]bool{}
	var out []*target
	var damage error
	for _, v := range versions {
		s, err := r.e.readVault().Version(ctx, v)
		if vault.Unusable(err) {
			damage = errors.Join(damage, err)
			r.out.Failed = append(r.out.Failed, Failure{Path: folderName(string(v.Path)), Reason: restoreReason(err), Damage: true})
			continue
		}
		if err != nil {
			return nil, err
		}
		t := &target{version: v, root: &s.Root}
		if len(o.Paths) > 0 {
			paths, err := r.held(ctx, s, o.Paths, missing)
			if err != nil {
				return nil, err
			}
			if len(paths) == 0 {
				continue
			}
			t.pick = selectPaths(paths)
		}
		name := folderName(string(s.Path))
		if o.InPlace {
			err = t.inPlace(string(s.Path), taken)
		} else {
			name = freeName(name, taken)
			err = t.below(o.To, name)
		}
		if err != nil {
			return nil, err
		}
		if len(versions) > 1 {
			t.prefix = name
		}
		out = append(out, t)
	}
	for _, p := range o.Paths {
		if missing[p] && damage == nil {
			return nil, notIn(p)
		}
	}
	if len(out) == 0 {
		return nil, damage // not nil: a path that no version holds was named above
	}
	return out, nil
}

// held returns which of the paths a version holds, relative to its folder, and takes them from missing. A path behind
// damage counts as held: it is restored as far as it can be.
func (r *restore) held(ctx context.Context, s *format.Snapshot, paths []string, missing map[string]bool) ([]string, error) {
	var out []string
	for _, p := range paths {
		rel, ok := versionPath(p, string(s.Path))
		if !ok {
			continue
		}
		x, err := r.e.lookup(ctx, &s.Root, rel)
		if err != nil && !vault.Unusable(err) {
			return nil, err
		}
		if x != nil || err != nil {
			out = append(out, rel)
			delete(missing, p)
		}
	}
	return out, nil
}

// freeName makes the names of folders in one target distinct. Capitals do not count: not every disk tells them apart.
func freeName(name string, taken map[string]bool) string {
	free := name
	for n := 2; taken[strings.ToLower(free)]; n++ {
		free = fmt.Sprintf("%s (%d)", name, n)
	}
	taken[strings.ToLower(free)] = true
	return free
}

// below aims at a folder of that name in dir.
func (t *target) below(dir, name string) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("restore to %s: %w", dir, err)
	}
	t.within, t.name, t.path = abs, name, filepath.Join(abs, name)
	return nil
}

// inPlace aims at where the folder was.
func (t *target) inPlace(at string, taken map[string]bool) error {
	if !filepath.IsAbs(at) {
		return fmt.Errorf("%w: %s was on another kind of computer, so it has no place on this one", ErrUsage, at)
	}
	t.path = filepath.Clean(at)
	if taken[t.path] {
		return fmt.Errorf("%w: several devices kept a folder %s", ErrAmbiguous, t.path)
	}
	taken[t.path] = true
	// The way to the folder, and the folder's own path, may lead through links: that is how it was backed up.
	if fi, err := os.Stat(t.path); err == nil && fi.IsDir() || filepath.Dir(t.path) == t.path {
		t.within = t.path
		return nil
	}
	t.within, t.name = filepath.Dir(t.path), filepath.Base(t.path)
	return nil
}

// selection is what is wanted of a directory: the names, and what is wanted below each. Nil is everything.
type selection map[string]selection

// selectPaths makes a selection of clean relative paths.
func selectPaths(paths []string) selection {
	all := selection{}
	for _, p := range paths {
		if p == "" {
			return nil
		}
		at := all
		for more := true; more && at != nil; {
			var name string
			name, p, more = strings.Cut(p, "/")
			below, ok := at[name]
			switch {
			case !more:
				at[name] = nil
			case !ok:
				below = selection{}
				at[name] = below
			}
			at = below
		}
	}
	return all
}

// selected yields what a directory holds of a selection. Of a large directory only what is wanted is read.
func (e *Engine) selected(ctx context.Context, tree []byte, pick selection) iter.Seq2[*format.Entry, error] {
	if pick == nil {
		return e.entries(ctx, tree)
	}
	return func(yield func(*format.Entry, error) bool) {
		for _, name := range slices.Sorted(maps.Keys(pick)) {
			x, err := e.readVault().Entry(ctx, tree, []byte(name))
			if (x != nil || err != nil) && !yield(x, err) {
				return
			}
		}
	}
}
