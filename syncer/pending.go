package syncer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"roost/vault"
	"roost/vault/format"
)

// RemovedSpace is what the removed versions of this computer, which can still be brought back, will free.
type RemovedSpace struct {
	Versions int
	Bytes    int64     // about; 0 while Known is false
	Known    bool      // they were weighed as they are now; see Survey
	Until    time.Time // when all of it is free at the latest; zero: there are none
}

// metaPending is the catalog's note of what removed versions take. To weigh them reads the storage, so that is done with a
// Survey and not whenever somebody looks.
const metaPending = "pending"

// weighed is what versions took when they were weighed.
type weighed struct {
	Of    string `json:"of"` // which versions, and beside which; see weighedOf
	Bytes int64  `json:"bytes"`
}

// weighedOf names the removed among the versions of one device, and those that are left beside them: while both are the
// same, so is what comes free.
func weighedOf(own []Version, m marks) string {
	ids := make([][]byte, len(own))
	for i, v := range own {
		ids[i] = append([]byte{0}, v.ID[:]...)
		if m.removed(v.ID) {
			ids[i][0] = 1
		}
	}
	slices.SortFunc(ids, slices.Compare)
	sum := sha256.Sum256(slices.Concat(ids...))
	return hex.EncodeToString(sum[:])
}

// removedSpace is what is known of the removed among these versions of all devices.
func (e *Engine) removedSpace(ctx context.Context, list []Version) (out RemovedSpace, err error) {
	own := e.own(list)
	m, err := e.marks()
	if err != nil {
		return out, err
	}
	for _, v := range own {
		if !m.removed(v.ID) {
			continue
		}
		out.Versions++
		if until := m[v.ID].until(); until.After(out.Until) {
			out.Until = until
		}
	}
	if out.Known = out.Versions == 0; out.Known {
		return out, nil
	}
	p, err := noted[weighed](ctx, e.cat, metaPending)
	if err == nil && p.Of == weighedOf(own, m) {
		out.Bytes, out.Known = p.Bytes, true
	}
	return out, err
}

// weighRemoved looks what the removed versions take, unless that is known. What is damaged is not weighed, and stays unknown.
func (e *Engine) weighRemoved(ctx context.Context, list []Version) error {
	known, err := e.removedSpace(ctx, list)
	if err != nil || known.Known {
		return err
	}
	m, err := e.marks()
	if err != nil {
		return err
	}
	own := e.own(list)
	w, err := e.vault().Weigh(ctx, nil)
	if vault.IsDamage(err) {
		e.log.Warn("what removed versions take is not known, because something is damaged", "reason", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("weigh the removed versions: %w", err)
	}
	p := weighed{Of: weighedOf(own, m)}
	for _, v := range own {
		if m.removed(v.ID) {
			p.Bytes += w.Remove(v.ID)
		}
	}
	return noteDown(ctx, e.cat, metaPending, p)
}

// own are the versions of this computer.
func (e *Engine) own(list []Version) []Version {
	device := format.DeviceID(e.bundle.Device())
	return slices.DeleteFunc(slices.Clone(list), func(v Version) bool { return v.Device != device })
}
