package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"roost/syncer"
)

func keepCommand() *command {
	numbers := func(name, what string) flag {
		return flag{name: name, arg: "N", help: "the newest version in each of the last N " + what}
	}
	return &command{
		name: "keep", usage: []string{"[--hourly N --daily N --weekly N --monthly N --yearly N]", "everything|years|year|month|default"}, most: 1, run: keepVersions,
		about: "which versions stay; free up space; forget", beside: []string{"prune", "forget"},
		help: `Says which versions stay, and without rules shows what is said. Rules given replace those before, and all numbers count
hours, days… in which there is a version; a version that any of them wants stays. Without --folder the rules are for every
folder without its own; default gives a folder its own up. The newest version of a folder always stays, and all of a folder
with a sudden change that waits for your answer.

The versions that go leave the list within a day while Roost runs, or by roost prune, and can be brought back for 30 days
with roost forget --undo. With --fit they go also when the backup takes more room than that: old ones beside others first,
those you used last. The last tenth of the room is for removed versions.

With --json: rules {hourly … yearly}, folders[] {path, rules}, fit_bytes (0: no bound), removes, frees_bytes.`,
		flags: []flag{
			numbers("hourly", "hours"), numbers("daily", "days"), numbers("weekly", "weeks"), numbers("monthly", "months"), numbers("yearly", "years"),
			{name: "folder", arg: "DIR", help: "the rules of this folder alone"},
			{name: "fit", arg: "SIZE", help: "as much as fits, such as 500GB; none: no bound"},
			{name: "preview", help: "only say what would go"},
		},
	}
}

type keepAnswer struct {
	Rules   rulesJSON        `json:"rules"`
	Folders []folderKeepJSON `json:"folders"`
	Fit     int64            `json:"fit_bytes"` // 0: no bound
	Preview bool             `json:"preview"`   // nothing was changed
	Removes int              `json:"removes"`   // versions that go by these rules
	Frees   int64            `json:"frees_bytes"`
	changed bool
	unknown bool // what goes could not be seen
	over    int64
}

type rulesJSON struct {
	Hourly  int `json:"hourly"`
	Daily   int `json:"daily"`
	Weekly  int `json:"weekly"`
	Monthly int `json:"monthly"`
	Yearly  int `json:"yearly"`
}

type folderKeepJSON struct {
	jsonPath
	Rules rulesJSON `json:"rules"`
	raw   string
}

func keepVersions(ctx context.Context, c *call) (a answer, err error) {
	ch, changes, err := c.keepChange()
	if err != nil {
		return nil, err
	}
	if !changes && c.has("preview") {
		return nil, usage(c.command, "Say which rules to preview; roost prune --preview shows what goes by those there are.")
	}
	do := c.look
	if changes && !ch.Preview {
		do = c.work
	}
	err = do(ctx, func(e engine) error {
		var p *syncer.Pruned
		var err error
		if changes {
			p, err = e.SetKeep(ctx, ch)
		}
		k, kerr := e.Keep(ctx)
		if kerr != nil {
			return errors.Join(err, kerr)
		}
		out := keepAnswer{Rules: rulesJSON(k.All), Folders: []folderKeepJSON{}, Fit: k.Fit, Preview: ch.Preview, changed: changes, unknown: p == nil}
		for _, f := range k.Folders {
			out.Folders = append(out.Folders, folderKeepJSON{newPath(f.Path), rulesJSON(f.Rules), f.Path})
		}
		if p != nil {
			out.Removes, out.Frees, out.over = len(p.Versions), p.Freed+p.FreedLater, p.Over
		}
		a = out
		return err
	})
	return a, err
}

// keepChange reads the rules; false where none are given.
func (c *call) keepChange() (ch syncer.KeepChange, changes bool, err error) {
	ch.Preview = c.has("preview")
	var r syncer.KeepRules
	numbers := false
	for name, to := range map[string]*int{"hourly": &r.Hourly, "daily": &r.Daily, "weekly": &r.Weekly, "monthly": &r.Monthly, "yearly": &r.Yearly} {
		if !c.has(name) {
			continue
		}
		n, err := strconv.Atoi(c.value(name))
		if err != nil || n < 0 {
			return ch, false, usage(c.command, "--%s is a number, not %q.", name, c.value(name))
		}
		*to, numbers = n, true
	}
	switch {
	case numbers && r.Everything():
		return ch, false, usage(c.command, "These rules would keep no version at all. To keep every version: roost keep everything")
	case numbers && len(c.rest) > 0:
		return ch, false, usage(c.command, "Give either numbers or %q.", c.rest[0])
	case numbers:
		ch.Rules = &r
	case len(c.rest) > 0 && c.rest[0] == "default":
		ch.AsAll = true
	case len(c.rest) > 0:
		presets := syncer.KeepPresets()
		i := slices.IndexFunc(presets, func(p syncer.KeepPreset) bool { return p.Name == c.rest[0] })
		if i < 0 {
			return ch, false, usage(c.command, "There are no rules called %q.", c.rest[0])
		}
		ch.Rules = &presets[i].Rules
	}
	if c.has("folder") {
		if ch.Dir, err = folderPath(c.value("folder")); err != nil {
			return ch, false, usage(c.command, "%v", err)
		}
		if ch.Rules == nil && !ch.AsAll {
			return ch, false, usage(c.command, "Give the rules of the folder too.")
		}
	} else if ch.AsAll {
		return ch, false, usage(c.command, "Say which folder goes by the rules of all again: --folder DIR")
	}
	if text := c.value("fit"); text != "" {
		if ch.Fit, err = syncer.ParseSize(text); err != nil {
			return ch, false, usage(c.command, "--fit is a number of bytes, such as 500GB, or none, not %q.", text)
		}
		ch.SetFit = true
	}
	return ch, ch.Rules != nil || ch.AsAll || ch.SetFit, nil
}

func (a keepAnswer) people(w io.Writer) {
	if a.Preview {
		fmt.Fprintf(w, "By these rules %s go, which frees about %s. Nothing was changed.\n", many(int64(a.Removes), "version would", "versions would"), size(a.Frees))
		return
	}
	fmt.Fprintf(w, "Every folder keeps %s.\n", a.Rules.words())
	for _, f := range a.Folders {
		fmt.Fprintf(w, "  %s keeps %s.\n", shown(f.raw), f.Rules.words())
	}
	if a.Fit > 0 {
		fmt.Fprintf(w, "As much as fits in %s.\n", size(a.Fit))
	}
	switch {
	case !a.changed:
		return
	case a.unknown:
		fmt.Fprintln(w, "The storage cannot be reached now, so it is not known yet what goes.")
	case a.over > 0:
		fmt.Fprintf(w, "Even the newest versions alone take %s more than that.\n", size(a.over))
	case a.Removes == 0:
		fmt.Fprintln(w, "No version goes by that.")
	default:
		fmt.Fprintf(w, "%s, about %s. They go within a day while Roost runs, or now with: roost prune\nThey can be brought back for 30 days.\n",
			many(int64(a.Removes), "version goes", "versions go"), size(a.Frees))
	}
}

func (r rulesJSON) words() string {
	var parts []string
	add := func(n int, one, more string) {
		if n == 1 {
			parts = append(parts, "the last "+one)
		} else if n > 1 {
			parts = append(parts, count(int64(n))+" "+more)
		}
	}
	add(r.Hourly, "hour", "hours")
	add(r.Daily, "day", "days")
	add(r.Weekly, "week", "weeks")
	add(r.Monthly, "month", "months")
	add(r.Yearly, "year", "years")
	if len(parts) == 0 {
		return "every version"
	}
	return "the newest version in each of " + strings.Join(parts, ", ")
}
