package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"roost/syncer"
	"roost/vault"
)

func deviceCommand() *command {
	words := flag{name: "words-file", arg: "F", help: "read the recovery words from F; - is standard input"}
	drop := flag{name: "drop", help: "give up what it had saved; asks for the words"}
	return &command{name: "device", subs: []*command{
		{
			name: "device list", run: deviceList,
			help: `list: the computers of this backup, with --json devices[] {name, id, this, state (active, retired, revoked),
newest, versions, bytes, introduced_by, kept_by}. NAME below may also be the beginning of an id.`,
		},
		{
			name: "device rename", usage: []string{"NAME NEW-NAME"}, least: 2, most: 2, run: deviceRename, flags: []flag{words},
			help: "rename: call a computer, this one or another, something else everywhere.",
		},
		{
			name: "device retire", usage: []string{"NAME [--drop]"}, least: 1, most: 1, run: deviceRetire, flags: []flag{drop, words},
			help: `retire: a computer is not used any more. This one keeps its versions from now on, or they are given up (--drop);
then what it had of its own on the storages is let go. If it is started again, it stops and says so.`,
		},
		{
			name: "device revoke", usage: []string{"NAME [--token-file F] [--drop]"}, least: 1, most: 1, run: deviceRevoke,
			flags: []flag{{name: "token-file", arg: "F", help: "the key that it had, if not this computer's own"}, drop, words},
			help: `revoke: a computer was lost. As retire, and it can read nothing that is saved from now on; its key to each
storage is changed, or the line that does it is shown, and is tried until it is refused.`,
		},
	}}
}

type devicesAnswer struct {
	Devices  []deviceRow   `json:"devices"`
	Problems []problemJSON `json:"problems"` // what is stored and cannot be used
}

type deviceRow struct {
	Name         string `json:"name"`
	ID           string `json:"id"`
	This         bool   `json:"this"`
	State        string `json:"state"`
	Newest       stamp  `json:"newest"` // version; null: none
	Versions     int    `json:"versions"`
	Bytes        int64  `json:"bytes"` // of the newest version of each of its folders
	IntroducedBy string `json:"introduced_by"`
	KeptBy       string `json:"kept_by"` // who took over its versions
}

func (c *call) listDevices(ctx context.Context, e engine) (answer, error) {
	all, err := e.Devices(ctx)
	if err != nil {
		return nil, err
	}
	a := devicesAnswer{Devices: []deviceRow{}}
	if a.Problems, err = c.damage(ctx, e); err != nil {
		return nil, err
	}
	for _, d := range all {
		a.Devices = append(a.Devices, deviceRow{
			d.Name, d.ID, d.This, d.State, stamp(d.Newest), d.Versions, d.Bytes, d.IntroducedBy, d.KeptBy,
		})
	}
	return a, nil
}

func deviceList(ctx context.Context, c *call) (a answer, err error) {
	err = c.work(ctx, func(e engine) error {
		a, err = c.listDevices(ctx, e)
		return err
	})
	return a, err
}

func (a devicesAnswer) people(w io.Writer) {
	for _, d := range a.Devices {
		state := map[string]string{syncer.DeviceRetired: ", retired", syncer.DeviceRevoked: ", lost and shut out"}[d.State]
		if d.This {
			state = ", this computer"
		}
		fmt.Fprintf(w, "%s  (%.8s%s)\n", shown(d.Name), d.ID, state)
		fmt.Fprintf(w, "  %s, newest %s\n", many(int64(d.Versions), "version", "versions"), when(time.Time(d.Newest)))
		if d.KeptBy != "" {
			fmt.Fprintf(w, "  its versions are kept by %s\n", shown(d.KeptBy))
		}
		if d.IntroducedBy != "" {
			fmt.Fprintf(w, "  let in by %s\n", shown(d.IntroducedBy))
		}
	}
}

// withWords does what the recovery words may be needed for: those of --words-file, else those that this computer keeps,
// else those that a person types.
func (c *call) withWords(ctx context.Context, do func(words string) error) error {
	words := ""
	if c.has("words-file") {
		var err error
		if words, err = c.recoveryWords(ctx); err != nil {
			return err
		}
	}
	err := do(words)
	if words == "" && err != nil && syncerCode(err) == syncer.Describe(vault.ErrNoWords).Code && isTerminal(c.in) {
		if words, err = c.recoveryWords(ctx); err == nil {
			err = do(words)
		}
	}
	return err
}

// syncerCode is the code of a problem, whichever door it came through.
func syncerCode(err error) string {
	if p, ok := errors.AsType[*problemError](err); ok {
		return p.problem.Code
	}
	return syncer.Describe(err).Code
}

func deviceRename(ctx context.Context, c *call) (a answer, err error) {
	err = c.work(ctx, func(e engine) error {
		err := c.withWords(ctx, func(words string) error { return e.RenameDevice(ctx, c.rest[0], c.rest[1], words) })
		if err != nil {
			return err
		}
		a, err = c.listDevices(ctx, e)
		return err
	})
	return a, err
}

type removedAnswer struct {
	Device     string    `json:"device"`
	State      string    `json:"state"`
	Versions   int       `json:"versions"` // that this computer took over, or that were given up
	Dropped    bool      `json:"dropped"`
	Introduced []string  `json:"introduced"` // computers that it had let in, and that stay
	Keys       []keyJSON `json:"keys"`
	Already    bool      `json:"already"` // it had been removed before
}

type keyJSON struct {
	Storage string `json:"storage"`
	Cluster bool   `json:"cluster"` // it is the key to the cluster that the storage acts for
	State   string `json:"state"`   // changed, open, none
	Line    string `json:"line"`    // what to run on the storage's computer; "": nothing
}

func deviceRetire(ctx context.Context, c *call) (answer, error) {
	return c.removeDevice(ctx, syncer.RemoveDeviceOptions{})
}

func deviceRevoke(ctx context.Context, c *call) (a answer, err error) {
	o := syncer.RemoveDeviceOptions{Lost: true}
	if name := c.value("token-file"); name != "" {
		if o.Token, err = readToken(name); err != nil {
			return nil, usage(c.command, "The token could not be read: %v", err)
		}
	}
	return c.removeDevice(ctx, o)
}

func (c *call) removeDevice(ctx context.Context, o syncer.RemoveDeviceOptions) (a answer, err error) {
	o.Device, o.Drop = c.rest[0], c.has("drop")
	if o.Drop {
		if o.Words, err = c.recoveryWords(ctx); err != nil {
			return nil, err
		}
	}
	err = c.work(ctx, func(e engine) error {
		remove := func(words string) error {
			o.Words = words
			got, err := e.RemoveDevice(ctx, o)
			if got != nil {
				a = newRemoved(got)
			}
			return err
		}
		if o.Drop {
			return remove(o.Words)
		}
		return c.withWords(ctx, remove)
	})
	return a, err
}

func newRemoved(r *syncer.RemovedDevice) removedAnswer {
	a := removedAnswer{
		Device: r.Name, State: syncer.DeviceRetired, Versions: r.Versions, Dropped: r.Dropped, Introduced: append([]string{}, r.Introduced...),
		Keys: []keyJSON{}, Already: r.Already,
	}
	if r.Lost {
		a.State = syncer.DeviceRevoked
	}
	for _, k := range r.Keys {
		a.Keys = append(a.Keys, keyJSON(k))
	}
	return a
}

func (a removedAnswer) people(w io.Writer) {
	name := shown(a.Device)
	versions := many(int64(a.Versions), "version", "versions")
	switch {
	case a.Already:
		fmt.Fprintf(w, "%s had been removed before.\n", name)
	case a.State == syncer.DeviceRevoked:
		fmt.Fprintf(w, "%s is shut out. Nothing that it saves from now on is used.\n", name)
	default:
		fmt.Fprintf(w, "%s is retired. If it is started again, it stops and says so.\n", name)
	}
	switch {
	case a.Already:
	case a.Dropped:
		fmt.Fprintf(w, "Its %s were given up; the storage frees their space when it cleans up.\n", versions)
	case a.Versions > 0:
		fmt.Fprintf(w, "Its %s are kept by this computer now, and stay restorable.\n", versions)
	}
	if len(a.Introduced) > 0 {
		var names []string
		for _, n := range a.Introduced {
			names = append(names, shown(n))
		}
		fmt.Fprintf(w, "\nIt had let these computers in; they stay: %s.\nIf they are not yours, revoke them too.\n", strings.Join(names, ", "))
	}
	if a.State != syncer.DeviceRevoked {
		return
	}
	fmt.Fprint(w, `
What it could read until now, it can still read: whoever opens it has the files as they were.
Roost keeps the 24 words on a computer unless they were removed there. If they are on that one, whoever opens
it can read later versions too; then begin a new backup, with new words.
`)
	for _, k := range a.Keys {
		switch {
		case k.State == syncer.KeyChanged && k.Cluster:
			fmt.Fprintf(w, "\nThe cluster of the storage %s refuses its password now; that was tried.\n", shown(k.Storage))
		case k.State == syncer.KeyChanged:
			fmt.Fprintf(w, "\nThe storage %s refuses its key now; that was tried.\n", shown(k.Storage))
		case k.State == syncer.KeyNone:
			fmt.Fprintf(w, "\nThe storage %s asks for no key, and only this computer reaches it.\n", shown(k.Storage))
		case k.State == syncer.KeyOpen && k.Cluster:
			fmt.Fprintf(w, `
The cluster of the storage %s still takes its password: with it, what is saved there can be deleted. On the
computer of each member, run

  %s

and start the cluster (ipfs-cluster-service daemon) again. Roost tries the old password until it is refused, and then
uses the new one by itself. Your other computers need the new password too.
`, shown(k.Storage), k.Line)
		case k.State == syncer.KeyOpen:
			fmt.Fprintf(w, `
The storage %s still takes its key: with it, what is saved there can be deleted. On that storage's computer, run

  %s

and start the storage (ipfs daemon) again. Roost tries the old key until it is refused, and then uses the new one
by itself. Your other computers need the new key too.
`, shown(k.Storage), k.Line)
		}
	}
}
