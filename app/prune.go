package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"roost/syncer"
)

func pruneCommand() *command {
	return &command{
		name: "prune", usage: []string{"[--now]"}, run: prune,
		help: `Removes the versions that the rules of roost keep do not keep, lets go for good of those that were removed 30 days ago,
and has every storage free what nothing needs any more. With --now, removed versions go for good at once; then they cannot
be brought back.

With --json: removed_snapshots, freed_bytes (as the storages measure it), freed_later_bytes and freed_later_at (when removed
versions go for good), in_use (versions left alone because somebody looks at them), snapshots[], storages[] {name,
freed_bytes, measured, error}.`,
		flags: []flag{
			{name: "now", help: "removed versions go for good at once"},
			{name: "preview", help: "only say what would go"},
		},
	}
}

type pruneAnswer struct {
	Removed   int            `json:"removed_snapshots"`
	Freed     int64          `json:"freed_bytes"`
	Later     int64          `json:"freed_later_bytes"`
	LaterAt   *stamp         `json:"freed_later_at,omitempty"`
	InUse     int            `json:"in_use"`
	Preview   bool           `json:"preview"` // nothing was changed
	Snapshots []goneJSON     `json:"snapshots"`
	Storages  []freedStorage `json:"storages"`
	over      int64
}

type goneJSON struct {
	ID string `json:"id"`
	jsonFolder
	Time stamp `json:"time"`
	raw  string
}

type freedStorage struct {
	Name     string `json:"name"`
	Freed    int64  `json:"freed_bytes"`
	Measured bool   `json:"measured"` // else it is what was dropped there
	Error    string `json:"error,omitempty"`
}

func prune(ctx context.Context, c *call) (a answer, err error) {
	o := syncer.PruneOptions{Now: c.has("now"), Preview: c.has("preview")}
	do := c.work
	if o.Preview {
		do = c.look
	}
	err = do(ctx, func(e engine) error {
		m := c.meter()
		defer m.end()
		p, err := e.Prune(ctx, o, m.report())
		if p != nil {
			a = newPruneAnswer(p, o.Preview)
		}
		return err
	})
	return a, err
}

func newPruneAnswer(p *syncer.Pruned, preview bool) pruneAnswer {
	a := pruneAnswer{
		Removed: len(p.Versions), Freed: p.Freed, Later: p.FreedLater, InUse: p.InUse, Preview: preview,
		Snapshots: goneVersions(p.Versions), Storages: []freedStorage{}, over: p.Over,
	}
	if !p.LaterBy.IsZero() {
		at := stamp(p.LaterBy)
		a.LaterAt = &at
	}
	for _, s := range p.Storages {
		a.Storages = append(a.Storages, freedStorage{s.Name, s.Freed, s.Told, s.Err})
	}
	return a
}

func goneVersions(list []syncer.Version) []goneJSON {
	out := []goneJSON{}
	for _, v := range list {
		out = append(out, goneJSON{v.ID.String(), newFolder(string(v.Path)), stamp(v.Time()), string(v.Path)})
	}
	return out
}

func (a pruneAnswer) people(w io.Writer) {
	for i, v := range a.Snapshots {
		if i == maxNamed {
			fmt.Fprintln(w, "  … and more: --json names all")
			break
		}
		fmt.Fprintf(w, "  %.8s  %s  %s\n", v.ID, when(time.Time(v.Time)), shown(v.raw))
	}
	if a.Preview {
		fmt.Fprintf(w, "%s go. About %s would come free now, %s later. Nothing was changed.\n",
			many(int64(a.Removed), "version would", "versions would"), size(a.Freed), size(a.Later))
		return
	}
	fmt.Fprintf(w, "%s removed, %s freed.\n", many(int64(a.Removed), "version", "versions"), size(a.Freed))
	if a.LaterAt != nil {
		fmt.Fprintf(w, "About %s more by %s, when removed versions go for good. Until then: roost forget --undo\n", size(a.Later), when(time.Time(*a.LaterAt)))
	}
	if a.InUse > 0 {
		fmt.Fprintf(w, "%s left alone, because somebody looks at it now.\n", many(int64(a.InUse), "version was", "versions were"))
	}
	if a.over > 0 {
		fmt.Fprintf(w, "Your backup still takes %s more than it may: only the newest versions are left.\n", size(a.over))
	}
	for _, s := range a.Storages {
		if s.Error != "" {
			fmt.Fprintf(w, "The storage %q: %s\n", s.Name, sentence(s.Error))
		}
	}
}
