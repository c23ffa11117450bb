package syncer

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"roost/vault/catalog"
	"roost/vault/node"
)

// Snapshots lists versions, newest first: of all devices, or of one folder. What of that is damaged is left out, and Damage
// says it; where nothing else is left, it is the error. When the storage cannot be reached, what is known from earlier is
// returned, and stale is true. Versions that were removed are not among them; see Removed.
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
		list, _, err = e.everyVersion(ctx, st)
	}
	if err == nil && len(list) == 0 {
		err = e.nothingListed()
	}
	if err == nil {
		if err = e.keepVersions(ctx, list); err == nil {
			list, err = e.visible(list)
		}
		return list, false, err
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
	list, err = e.visible(list)
	return list, true, err
}
