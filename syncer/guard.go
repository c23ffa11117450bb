package syncer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"roost/vault/format"
)

// held is Held as the settings keep it.
type held struct {
	Snapshot string    `json:"snapshot"` // hex of its id
	Time     time.Time `json:"time"`
	Empty    bool      `json:"empty,omitempty"`
	Meant    bool      `json:"meant,omitempty"` // a person said that the folder is to be empty
	Files    int64     `json:"files"`
	Gone     int64     `json:"gone"`
	Changed  int64     `json:"changed"`
}

// fewFiles is how many files a folder must have had for a change of most of them to be asked about. An empty folder is
// always asked about.
const fewFiles = 20

// sudden looks at what a pass found beside the last version: nil when it is an everyday change. Files that only moved are
// no loss: as many are there as before, and little of their content is new.
func sudden(before format.Summary, now tally, gone, changed, newBytes int64) *held {
	files := int64(before.Files)
	h := &held{Snapshot: before.ID.String(), Files: files, Gone: gone, Changed: changed}
	if files > 0 && now.files == 0 {
		h.Empty, h.Gone = true, files
		return h
	}
	if now.files >= files-files/10 && newBytes < int64(before.Bytes)/10 {
		return nil
	}
	if files < fewFiles || (gone+changed)*2 <= files {
		return nil
	}
	return h
}

// watchOver asks a person about a sudden change. It returns false when no version must be made of what was found: a folder
// that lies empty may only be a disk that is not connected.
func (p *pass) watchOver(ctx context.Context, before format.Summary, now tally) (*Held, bool, error) {
	gone := p.goneFiles.Load()
	p.mu.Lock()
	dirs := slices.DeleteFunc(slices.Clone(p.gone), func(d string) bool { return p.unwanted[d] })
	p.mu.Unlock()
	for _, d := range dirs {
		row, _, err := p.e.cat.Dir(ctx, p.folder.id(), d)
		if err != nil {
			return nil, false, err
		}
		gone += row.Files
	}
	h := sudden(before, now, gone, p.changedFiles.Load(), p.s.Stats().NewBytes)
	was := p.folder.Held
	switch {
	case h == nil && (was == nil || !was.Empty):
		return was.shown(), true, nil // a change that was not looked at yet stays so
	case h == nil: // the folder has files again
		return nil, true, p.hold(nil)
	case h.Empty && was != nil && was.Meant:
		return nil, true, nil // settled when the version is made
	case was != nil && was.Empty == h.Empty:
		return was.shown(), !was.Empty, nil // the first of several is the one to go back to
	}
	h.Time = p.started
	p.e.log.Warn("most of a folder was gone or different at once; its last version is kept and a person is asked",
		"folder", p.folder.ID, "files", h.Files, "gone", h.Gone, "changed", h.Changed)
	return h.shown(), !h.Empty, p.hold(h)
}

// hold writes down that a person is to look at a folder, or that nobody has to any more.
func (p *pass) hold(h *held) error { return p.e.hold(p.folder.ID, h) }

func (e *Engine) hold(folder string, h *held) error {
	return e.home.change(func(c *config) error {
		for i := range c.Folders {
			if c.Folders[i].ID == folder {
				c.Folders[i].Held = h
			}
		}
		return nil
	})
}

func (h *held) shown() *Held {
	if h == nil {
		return nil
	}
	return &Held{Snapshot: h.Snapshot, Time: h.Time, Empty: h.Empty, Files: h.Files, Gone: h.Gone, Changed: h.Changed}
}

// Accept says that the sudden change of a folder was meant. Errors: ErrNotAdded, ErrUsage when there was none.
func (e *Engine) Accept(_ context.Context, dir string) error {
	f, err := e.folder(dir)
	if err != nil {
		return err
	}
	if f.Held == nil {
		return fmt.Errorf("%w: nothing sudden happened in %s", ErrUsage, f.Path)
	}
	var h *held
	if f.Held.Empty {
		meant := *f.Held
		meant.Meant = true
		h = &meant
	}
	if err := e.hold(f.ID, h); err != nil {
		return err
	}
	if k := e.running.Load(); k != nil && h != nil {
		k.lookAgain(f.id())
	}
	e.poke()
	return nil
}

// countChanges compares a finished directory with what the catalog knew of it.
func (p *pass) countChanges(n *dirNode, recs []*record) {
	if len(n.known) == 0 {
		return
	}
	there := make(map[string]*record, len(recs))
	for _, r := range recs {
		there[r.name] = r
	}
	for name, k := range n.known {
		switch r := there[name]; {
		case k.dir, r == nil && n.unwanted[name]:
		case r == nil || r.dir:
			p.goneFiles.Add(1)
		case string(r.entry) != string(k.entry) && !sameContent(r.entry, k.entry):
			p.changedFiles.Add(1)
		}
	}
}

// sameContent tells whether two entries are files of the same bytes.
func sameContent(a, b []byte) bool {
	x, err := format.DecodeEntry(a)
	if err != nil {
		return false
	}
	y, err := format.DecodeEntry(b)
	return err == nil && x.Type == y.Type && x.Size == y.Size && string(x.Chunks) == string(y.Chunks) && string(x.List) == string(y.List) &&
		string(x.Target) == string(y.Target)
}
