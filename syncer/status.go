package syncer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"roost/vault/catalog"
	"roost/vault/node"
)

// Snapshots lists versions, newest first: of all devices, or of one folder. When the storage cannot be reached, what is
// known from earlier is returned, and stale is true.
func (e *Engine) Snapshots(ctx context.Context, dir string) (versions []Version, stale bool, err error) {
	versions, stale, err = e.listVersions(ctx)
	if err != nil {
		return nil, stale, err
	}
	if dir != "" {
		want := map[string]bool{dir: true, resolved(dir): true}
		if abs, err := filepath.Abs(dir); err == nil {
			want[abs] = true
		}
		versions = slices.DeleteFunc(versions, func(v Version) bool { return !want[string(v.Path)] })
	}
	return versions, stale, nil
}

// metaVersions is the catalog's copy of the last list of versions that the storage gave.
const metaVersions = "versions"

func (e *Engine) listVersions(ctx context.Context) ([]Version, bool, error) {
	st, err := e.state(ctx)
	var list []Version
	if err == nil {
		list, err = e.vault().Versions(ctx, st)
	}
	if err == nil {
		return list, false, e.keepVersions(ctx, list)
	}
	if !unreachableNow(err) {
		return nil, false, err
	}
	known, ok, kerr := e.knownVersions(ctx)
	if kerr != nil || !ok {
		return nil, true, errors.Join(err, kerr)
	}
	return known, true, nil
}

// unreachableNow tells errors that leave what is known standing.
func unreachableNow(err error) bool {
	return errors.Is(err, node.ErrUnreachable) || errors.Is(err, node.ErrTimeout)
}

// Verify proves from the storage that everything can be restored; percent of the content is read. What is found damaged
// is sent again by the next backup, where this computer still has it.
func (e *Engine) Verify(ctx context.Context, percent int, r Report) (*Checked, error) {
	if percent < 0 || percent > 100 {
		return nil, fmt.Errorf("%w: the share to read is between 0 and 100 percent", ErrUsage)
	}
	if err := e.connect(ctx); err != nil {
		return nil, err
	}
	var c counters
	c.phaseName.Store("checking")
	stop := c.tell(r, "", time.Now())
	rep, err := e.vault().Verify(ctx, percent, func(done, total int64) {
		c.files.Store(done)
		c.totalFiles.Store(total)
	})
	stop()
	if err != nil {
		return nil, err
	}
	if len(rep.Lost) > 0 {
		if err := e.vault().NoteLost(ctx, rep.Lost); err != nil {
			return nil, err
		}
		if k := e.running.Load(); k != nil {
			k.learnDamage()
			k.rescan() // which sends again what is still here
		}
	}
	out := &Checked{OK: len(rep.Problems) == 0, Blocks: rep.CheckedBlocks, Bytes: rep.CheckedBytes}
	for _, p := range rep.Problems {
		out.Problems = append(out.Problems, p.What+": "+p.Err.Error())
	}
	return out, e.noteVerified(ctx, out)
}

// keepVersions remembers the list for when the storage does not answer.
func (e *Engine) keepVersions(ctx context.Context, list []Version) error {
	b := encodeVersions(list)
	old, ok, err := e.cat.Meta(ctx, metaVersions)
	if err != nil || (ok && string(old) == string(b)) {
		return err
	}
	return e.cat.Update(ctx, func(tx *catalog.Tx) error { return tx.SetMeta(metaVersions, b) })
}

func (e *Engine) knownVersions(ctx context.Context) ([]Version, bool, error) {
	b, ok, err := e.cat.Meta(ctx, metaVersions)
	if err != nil || !ok {
		return nil, false, err
	}
	list, err := decodeVersions(b)
	if err != nil {
		return nil, false, nil // a garbled note is no note: the catalog is a cache
	}
	return list, true, nil
}
