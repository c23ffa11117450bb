package syncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"roost/vault"
)

// Replace makes this computer take the place of another device of the vault: once every folder here has been saved whole, and
// a restore drill after that brought everything back from every storage, this one takes over the other's versions and
// retires it. Until then nothing of it is touched. An empty name ends the wish, and what the status tells of its end.
// Errors: vault.ErrNoDevice, ErrUsage; vault.ErrNoWords where they are not kept: nobody is there to type them when it is time.
func (e *Engine) Replace(ctx context.Context, name string) error {
	id, called := "", ""
	if name != "" {
		if _, err := e.bundle.Entropy(); err != nil {
			return err
		}
		all, err := e.Devices(ctx)
		if err != nil {
			return err
		}
		d, err := device(all, name)
		switch {
		case err != nil:
			return err
		case d.This:
			return fmt.Errorf("%w: this is the computer that you are on", ErrUsage)
		case d.State != DeviceActive:
			return fmt.Errorf("%w: %q does not belong to this backup any more", ErrUsage, d.Name)
		}
		id, called = d.ID, d.Name
	}
	return e.changed(func(c *config) error {
		c.Replaces, c.ReplacesName, c.Replaced = id, called, time.Time{}
		return nil
	})
}

// finishReplacing retires the device that this one replaces, when all that has to come first has happened. Running it again
// is free.
func (e *Engine) finishReplacing(ctx context.Context) error {
	c := e.home.config()
	if c.Replaces == "" || len(c.Folders) == 0 {
		return nil
	}
	st, err := e.state(ctx)
	if err != nil {
		return err
	}
	list, err := e.vault().Versions(ctx, st)
	if err != nil {
		return err
	}
	var saved time.Time // the last of the first complete versions
	for _, f := range c.Folders {
		v := newest(list, f.id())
		if v == nil || v.Device != e.bundle.Device() {
			return nil
		}
		if v.Time().After(saved) {
			saved = v.Time()
		}
	}
	for _, nc := range c.Nodes {
		r, err := e.reach(ctx, nc)
		if err == nil {
			err = confirm(ctx, r.node, st.Own(e.bundle.Device()))
		}
		if err != nil {
			return fmt.Errorf("the storage %q: %w", nc.Name, err)
		}
	}
	if ok, err := e.drilledSince(ctx, saved); !ok || err != nil {
		return err
	}
	_, err = e.RemoveDevice(ctx, RemoveDeviceOptions{Device: c.Replaces})
	if err != nil && !errors.Is(err, vault.ErrNoDevice) { // else somebody else was faster
		return err
	}
	return e.changed(func(now *config) error {
		if now.Replaces != c.Replaces { // the wish is another one by now
			return nil
		}
		now.Replaces, now.Replaced = "", time.Now().Round(0)
		return nil
	})
}

// replacing is the wish as it is written down; nil: there is none, and none of which the end was not read yet.
func (c config) replacing() *Replacing {
	if c.Replaces == "" && c.Replaced.IsZero() {
		return nil
	}
	return &Replacing{Name: c.ReplacesName, Done: c.Replaced}
}

// with is r and how far the folders are.
func (r *Replacing) with(folders []FolderStatus) *Replacing {
	if r == nil {
		return nil
	}
	far := *r
	far.Folders = len(folders)
	for _, f := range folders {
		if f.Snapshot != "" {
			far.Saved++
		}
	}
	return &far
}

// drilledSince tells whether a drill after that time brought everything back from every storage, and makes one where none
// was made lately.
func (e *Engine) drilledSince(ctx context.Context, when time.Time) (bool, error) {
	p, err := e.proof(ctx)
	if err != nil {
		return false, err
	}
	good := func(all []Drilled) bool {
		if len(all) != len(e.home.config().Nodes) {
			return false
		}
		for _, d := range all {
			if !d.OK() || d.Files == 0 || d.Time.Before(when) {
				return false
			}
		}
		return true
	}
	if good(p.Drills) {
		return true, nil
	}
	if time.Now().Round(0).Sub(p.Tried) < drillAgain && p.Tried.After(when) {
		return false, nil
	}
	if err := e.changeProof(ctx, func(p *proof) { p.Tried = time.Now() }); err != nil {
		return false, err
	}
	all, err := e.Drill(ctx, nil)
	return good(all), err
}
