package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/ipfs/go-cid"

	"roost/syncer"
)

// plainSource reads SOURCE of import; false when it is no name of files that lie open on a storage. A CID alone is one unless
// something on this computer is called like that.
func (c *call) plainSource() (src syncer.PlainSource, plain bool) {
	if len(c.rest) == 0 {
		return src, false
	}
	src.Storage, src.Name = c.value("storage"), c.value("name")
	text := c.rest[0]
	if at, ok := strings.CutPrefix(text, "mfs:"); ok {
		src.Path = at
		return src, true
	}
	id, named := strings.CutPrefix(text, "ipfs://")
	if !named {
		id, named = strings.CutPrefix(text, "/ipfs/")
	}
	_, err := cid.Decode(id)
	if !named {
		if _, serr := os.Lstat(text); err != nil || serr == nil {
			return src, false
		}
	}
	src.CID = id
	return src, true
}

type plainAnswer struct {
	datedAnswer
	CID     string `json:"cid"`
	Storage string `json:"storage"`
}

func (c *call) importPlain(ctx context.Context, src syncer.PlainSource) (a answer, err error) {
	m := c.meter()
	defer m.end()
	err = c.work(ctx, func(e engine) error {
		got, err := e.ImportPlain(ctx, src, c.announced(m))
		if got == nil {
			return err
		}
		m.end()
		v := &syncer.ImportedVersions{Folder: got.Folder, Versions: []syncer.Saved{got.Saved}, Files: got.Files, Bytes: got.Bytes}
		if got.Unchanged {
			v.Versions, v.Already = nil, 1
		}
		a = plainAnswer{newDatedAnswer(v), got.CID, src.Storage}
		return err
	})
	return a, err
}

type writtenAnswer struct {
	CID     string        `json:"cid"`
	Storage string        `json:"storage"`
	Name    string        `json:"name"` // of the saved copy there
	Files   int64         `json:"files"`
	Bytes   int64         `json:"bytes"`
	Already bool          `json:"already"` // the storage kept exactly this
	Skipped []skippedJSON `json:"skipped"`
}

func (c *call) exportPlain(ctx context.Context) (a answer, err error) {
	if len(c.rest) > 0 {
		return nil, usage(c.command, "--plain writes onto a storage, and not to %q.", c.rest[0])
	}
	if !c.has("yes") {
		return nil, &problemError{cause: errOpen, problem: syncer.Problem{
			Code: "unsure", Severity: "info", Exit: syncer.ExitUsage, Title: "Others could read these files",
			Text:   "They are written to the storage as they are, not encrypted. Whoever reaches that storage can read them, and so can everybody who learns the CID where the storage talks to others. What others copied cannot be called back. Nothing was written yet.",
			Action: "If that is what you want, add --yes",
		}}
	}
	m := c.meter()
	defer m.end()
	err = c.work(ctx, func(e engine) error {
		got, err := e.ExportPlain(ctx, syncer.PlainTarget{
			Snapshot: c.value("plain"), Path: c.value("path"), Storage: c.value("storage"), Name: c.value("name"), Open: true,
		}, c.announced(m))
		if got == nil {
			return err
		}
		m.end()
		a = writtenAnswer{got.CID, got.Storage, got.Name, got.Files, got.Bytes, got.Already, newSkipped(got.Skipped)}
		return err
	})
	return a, err
}

func (a writtenAnswer) partly() bool { return len(a.Skipped) > 0 }

func (a writtenAnswer) people(w io.Writer) {
	if a.Already {
		fmt.Fprintf(w, "%s keeps exactly this already.\n", shown(a.Storage))
	} else {
		fmt.Fprintf(w, "%s, %s, lie open on %s now: whoever reaches it can read them.\n", files(a.Files), size(a.Bytes), shown(a.Storage))
	}
	fmt.Fprintf(w, "  /ipfs/%s\nTo take it back: roost pins unpin %s --yes\n", a.CID, a.CID)
	if len(a.Skipped) > 0 {
		fmt.Fprintf(w, "  %s could not be written: --json names them\n", files(int64(len(a.Skipped))))
	}
}

type plainThingsAnswer struct {
	Things []plainThingJSON `json:"things"`
}

type plainThingJSON struct {
	Source  string `json:"source"` // as roost import takes it
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Size    int64  `json:"size"` // 0: not known
	Storage string `json:"storage"`
}

func (c *call) plainThings(ctx context.Context) (a answer, err error) {
	err = c.work(ctx, func(e engine) error {
		list, err := e.PlainThings(ctx, c.value("storage"))
		out := plainThingsAnswer{[]plainThingJSON{}}
		for _, t := range list {
			source := "/ipfs/" + t.CID
			if t.Path != "" {
				source = "mfs:" + t.Path
			}
			out.Things = append(out.Things, plainThingJSON{source, t.Name, t.Kind, t.Size, t.Storage})
		}
		if err == nil || len(list) > 0 {
			a = out
		}
		return err
	})
	return a, err
}

func (a plainThingsAnswer) people(w io.Writer) {
	if len(a.Things) == 0 {
		fmt.Fprintln(w, "Nothing lies open on the storages that could be imported.")
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, x := range a.Things {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", x.Kind, size(x.Size), shown(x.Storage), shown(x.Name), shown(x.Source))
	}
	t.Flush() // w keeps its own errors
}

type estimateAnswer struct {
	Kind    string  `json:"kind"` // "folder", "dated" or "plain"
	Files   int64   `json:"files"`
	Bytes   int64   `json:"bytes"`
	Stored  int64   `json:"stored_bytes"`  // that the storage would hold more, about
	Sampled int64   `json:"sampled_bytes"` // of content that were read to say so
	Left    int64   `json:"left_out"`
	Dates   int     `json:"dates"`
	Seconds float64 `json:"seconds"` // about
}

func (c *call) estimate(ctx context.Context, src syncer.PlainSource, plain bool) (a answer, err error) {
	part := syncer.BringPart{Kind: syncer.BringPlain, Plain: src}
	if !plain {
		path, err := filepath.Abs(c.rest[0])
		if err != nil {
			return nil, usage(c.command, "%v", err)
		}
		part = syncer.BringPart{Kind: syncer.BringDated, Path: path}
	}
	m := c.meter()
	defer m.end()
	err = c.work(ctx, func(e engine) error {
		got, err := e.Estimate(ctx, part, m.report())
		if !plain && err != nil && syncer.Describe(err).Code == "usage" && ctx.Err() == nil { // no folder in it has a date
			part.Kind = syncer.BringFolder
			got, err = e.Estimate(ctx, part, m.report())
		}
		if err != nil {
			return err
		}
		m.end()
		a = estimateAnswer{part.Kind, got.Files, got.Bytes, got.Stored, got.Read, got.Left, got.Dates, got.Time.Seconds()}
		return nil
	})
	return a, err
}

func (a estimateAnswer) people(w io.Writer) {
	switch {
	case a.Dates > 0:
		fmt.Fprintf(w, "%s: %s, %s.\n", many(int64(a.Dates), "version", "versions"), files(a.Files), size(a.Bytes))
	case a.Files > 0:
		fmt.Fprintf(w, "%s, %s.\n", files(a.Files), size(a.Bytes))
	default:
		fmt.Fprintf(w, "%s.\n", size(a.Bytes))
	}
	if a.Sampled > 0 {
		fmt.Fprintf(w, "The storage would hold about %s more, by a sample of %s.\n", size(a.Stored), size(a.Sampled))
	}
	fmt.Fprintf(w, "About %s at %s/s. Nothing was sent.\n", strings.TrimSuffix(timeLeft(max(a.Seconds, 1)), " left"), size(usualRate))
}

var errOpen = errors.New("writing files in the open was not confirmed")

type bringRunJSON struct {
	ID       string        `json:"id"`
	State    string        `json:"state"`
	Part     int           `json:"part"` // that is under way, from 0
	Parts    int           `json:"parts"`
	Progress *progressJSON `json:"progress"` // of that part
	Done     []broughtJSON `json:"done"`
	Problem  *problemJSON  `json:"problem"` // what is in the way; null: nothing
	Canceled bool          `json:"canceled"`
}

type broughtJSON struct {
	Kind     string       `json:"kind"`
	Name     string       `json:"name"`
	Files    int64        `json:"files"`
	Bytes    int64        `json:"bytes"`
	NewBytes int64        `json:"new_bytes"`
	Versions int          `json:"versions"`
	Failed   int64        `json:"failed"`
	Problem  *problemJSON `json:"problem"` // why it could not be done; null: it was
}

func newBringRun(r *syncer.BringRun) *bringRunJSON {
	if r == nil {
		return nil
	}
	problem := func(p *syncer.Problem) *problemJSON {
		if p == nil {
			return nil
		}
		j := newProblemJSON(*p)
		return &j
	}
	out := &bringRunJSON{r.ID, r.State, r.Part, len(r.Parts), newProgress(&r.Progress), []broughtJSON{}, problem(r.Problem), r.Canceled}
	for _, b := range r.Done {
		out.Done = append(out.Done, broughtJSON{b.Kind, utf8Path(b.Name), b.Files, b.Bytes, b.NewBytes, b.Versions, b.Failed, problem(b.Problem)})
	}
	return out
}
