package syncer

import (
	"context"
	"slices"
)

// NotSaved is what the newest version of one folder lacks, and why.
type NotSaved struct {
	Folder string
	Files  []Skipped
}

// NotSaved lists what is not saved now, folder by folder; folders that lack nothing are left out. While Run runs it is what
// the last pass found, and before that what the newest version says of itself, where the storage can be asked.
func (e *Engine) NotSaved(ctx context.Context) ([]NotSaved, error) {
	var out []NotSaved
	known, _, err := e.knownVersions(ctx)
	if err != nil {
		return nil, err
	}
	for _, fc := range e.home.config().Folders {
		files, looked := e.passLeftOut(fc)
		if v := newest(known, fc.id()); !looked && v != nil {
			snap, err := e.version(ctx, v.ID.String())
			if unreachableNow(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			for _, s := range snap.Skipped {
				files = append(files, asFailed(Skipped{Path: string(s.Path), Reason: s.Reason}))
			}
		}
		if len(files) > 0 {
			out = append(out, NotSaved{string(fc.Path), files})
		}
	}
	return out, nil
}

// passLeftOut is what the last pass of a folder left out; false before the first.
func (e *Engine) passLeftOut(fc folderConfig) ([]Skipped, bool) {
	k := e.running.Load()
	if k == nil {
		return nil, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.folders[fc.id()]
	if f == nil || f.last.IsZero() || f.err != nil && f.whole.IsZero() {
		return nil, false
	}
	return slices.Clone(f.skipped), true
}

// asFailed tells by its reason whether an entry should have been saved, which a version does not say.
func asFailed(s Skipped) Skipped {
	s.Failed = true
	switch why, _ := s.Why(); why {
	case WhySpecial, WhyOwn, WhyAttributes, WhyRules:
		s.Failed = false
	}
	return s
}
