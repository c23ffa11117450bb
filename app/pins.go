package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"roost/syncer"
	"roost/vault"
)

func pinsCommand() *command {
	return &command{
		name: "pins", usage: []string{"[list] [--storage NAME]", "pin CID [--name NAME] [--storage NAME]", "unpin CID --yes [--storage NAME]", "free [--storage NAME]"},
		most: 2, run: pins,
		help: `list: everything that a storage keeps until somebody says otherwise: first the saved copies of your devices, then what
other programs keep there, which Roost leaves alone.

pin: the storage keeps this CID, and all below it, which it must hold already.

unpin: the storage keeps this CID no longer, and deletes it when space is freed the next time. Only what is not of your
backup; --yes says that you mean it.

free: the storage deletes at once what nothing on it keeps, also what other programs left there.`,
		flags: []flag{
			{name: "storage", arg: "NAME", help: "of several storages, this one"},
			{name: "name", arg: "NAME", help: "what the saved copy is called there"},
			{name: "yes", help: "I know what unpin means"},
		},
	}
}

type pinsAnswer struct {
	Pins  []pinJSON  `json:"pins"`
	Freed *freedJSON `json:"freed,omitempty"` // after free
	raw   []syncer.Pin
}

type pinJSON struct {
	CID     string `json:"cid"`
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Device  string `json:"device"`
	Time    stamp  `json:"time"`
	Size    int64  `json:"size"` // 0: not known
	Ours    bool   `json:"ours"`
	Storage string `json:"storage"`

	Copies  int          `json:"copies,omitempty"`  // members of the cluster that the storage acts for which shall hold it
	Members []memberJSON `json:"members,omitempty"` // and how each does
}

type freedJSON struct {
	Storage string `json:"storage"`
	Bytes   int64  `json:"freed_bytes"`
	Size    int64  `json:"repo_size"` // what it holds now
}

func pins(ctx context.Context, c *call) (answer, error) {
	verb, storage := "list", c.value("storage")
	if len(c.rest) > 0 {
		verb = c.rest[0]
	}
	takes := map[string]int{"list": 0, "pin": 1, "unpin": 1, "free": 0}
	given := max(len(c.rest)-1, 0)
	switch wants, known := takes[verb]; {
	case !known:
		return nil, usage(c.command, "There is no verb %q.", "roost pins "+verb)
	case given < wants:
		return nil, usage(c.command, "CID is missing.")
	case given > wants:
		return nil, usage(c.command, "%q is one argument too many.", c.rest[1])
	case c.has("name") && verb != "pin":
		return nil, usage(c.command, "--name goes with pin.")
	case c.has("yes") && verb != "unpin":
		return nil, usage(c.command, "--yes goes with unpin.")
	}
	var a pinsAnswer
	err := c.work(ctx, func(e engine) error {
		if verb == "free" {
			return a.free(ctx, c, e, storage)
		}
		var err error
		switch verb {
		case "pin":
			err = e.Pin(ctx, storage, c.rest[1], c.value("name"))
		case "unpin":
			if !c.has("yes") {
				return c.explainUnpin(ctx, e, storage)
			}
			err = e.Unpin(ctx, storage, c.rest[1])
		}
		if err != nil {
			return err
		}
		list, err := e.Pins(ctx, storage)
		a.add(list)
		return err
	})
	if a.Pins == nil {
		return nil, err
	}
	return a, err
}

// explainUnpin says what would happen, and that nothing has.
func (c *call) explainUnpin(ctx context.Context, e engine, storage string) error {
	list, err := e.Pins(ctx, storage)
	if err != nil && len(list) == 0 {
		return err
	}
	i := slices.IndexFunc(list, func(p syncer.Pin) bool { return p.CID == c.rest[1] })
	if i < 0 || list[i].Ours {
		return e.Unpin(ctx, storage, c.rest[1]) // which refuses, and says why
	}
	p := list[i]
	text := fmt.Sprintf("It is %s on %s. Unpinned, it is deleted there when space is freed the next time, unless something else keeps it. Nothing was changed yet.",
		pinWords(p), shown(p.Storage))
	if p.Kind == vault.PinOtherVault {
		text = fmt.Sprintf("It is a backup of somebody else, or of yours with other words, on %s. Unpinned, that backup is lost when space is freed the next time. Nothing was changed yet.", shown(p.Storage))
	}
	return &problemError{cause: errUnsure, problem: syncer.Problem{
		Code: "unsure", Severity: "info", Exit: syncer.ExitUsage, Title: "Unpinning cannot be undone", Text: text, Action: "If that is what you want, add --yes",
	}}
}

var errUnsure = errors.New("unpin was not confirmed")

func (a *pinsAnswer) add(list []syncer.Pin) {
	a.Pins, a.raw = []pinJSON{}, list
	for _, p := range list {
		a.Pins = append(a.Pins, pinJSON{p.CID, p.Name, p.Kind, p.Device, stamp(p.Time), p.Size, p.Ours, p.Storage, p.Copies, newMembers(p.Members)})
	}
}

func (a *pinsAnswer) free(ctx context.Context, c *call, e engine, storage string) error {
	m := c.meter()
	f, err := e.FreeSpace(ctx, storage, m.report())
	m.end()
	if err != nil {
		return err
	}
	a.Pins, a.Freed = []pinJSON{}, &freedJSON{f.Storage, max(f.Before-f.After, 0), f.After}
	return nil
}

// pinWords says what a pin is.
func pinWords(p syncer.Pin) string {
	what := map[string]string{
		vault.PinNewest: "everything that %s saved", vault.PinSuperseded: "an earlier state of %s", vault.PinUpload: "a part of a backup that %s has not finished",
	}[p.Kind]
	if what != "" && p.Ours {
		device := "a device"
		if p.Device != "" {
			device = shown(p.Device)
		}
		return fmt.Sprintf(what, device)
	}
	if p.CID == syncer.EmptyFolder {
		return "an empty folder, which comes with Kubo"
	}
	switch p.Kind {
	case "file", "folder", "link":
		return "a " + p.Kind
	case vault.PinBlock:
		return "a small file, or a part of one"
	case vault.PinOtherVault:
		return "somebody else's backup"
	case "other":
		return "data of another program"
	}
	return "something that could not be looked at"
}

func (a pinsAnswer) people(w io.Writer) {
	if a.Freed != nil {
		fmt.Fprintf(w, "%s came free on %s, which now holds %s.\n", size(a.Freed.Bytes), shown(a.Freed.Storage), size(a.Freed.Size))
		return
	}
	ours, foreign := a.raw, []syncer.Pin{}
	if i := slices.IndexFunc(a.raw, func(p syncer.Pin) bool { return !p.Ours }); i >= 0 {
		ours, foreign = nil, nil
		for _, p := range a.raw {
			if p.Ours {
				ours = append(ours, p)
			} else {
				foreign = append(foreign, p)
			}
		}
	}
	fmt.Fprintf(w, "Your backup keeps %s:\n", many(int64(len(ours)), "saved copy", "saved copies"))
	table(w, ours)
	if len(foreign) > 0 {
		fmt.Fprintf(w, "Other programs keep %s, which Roost leaves alone:\n", many(int64(len(foreign)), "thing", "things"))
		table(w, foreign)
	}
}

func table(w io.Writer, list []syncer.Pin) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range list {
		at, bytes := "", ""
		if !p.Time.IsZero() {
			at = when(p.Time)
		}
		if p.Size > 0 {
			bytes = size(p.Size)
		}
		name := ""
		if !p.Ours {
			name = shown(p.Name)
		}
		where := shown(p.Storage)
		if p.Copies > 0 {
			where += fmt.Sprintf(", %d of %d members", min(p.Held(), p.Copies), p.Copies)
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\n", pinWords(p), bytes, at, where, name, p.CID)
	}
	t.Flush() // w keeps its own errors
}
