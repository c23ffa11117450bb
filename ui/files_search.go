package ui

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// searchView lists what a search over every version found: each file once, with its newest version.
type searchView struct {
	root  *fyne.Container
	w     *Window
	open  func(place)
	title *kit.Text
	count *kit.Text
	table *kit.Table
	body  *fyne.Container

	finding question
	known   timeline
	asked   string // what was searched for; "" when nothing is
	hits    []hit
	day     time.Time
}

// hit is one file or folder that was found.
type hit struct {
	place
	size     int64
	versions int64 // that hold it
}

func newSearchView(w *Window, back func(), open func(place)) *searchView {
	s := &searchView{w: w, open: open, finding: question{w: w}, body: container.NewStack(), title: kit.Heading("").Clipped(), count: kit.Small("").Clipped()}
	s.table = kit.NewTable(lang.L("What was found"), []kit.Column{
		{Title: lang.L("Name"), Weight: 4},
		{Title: lang.L("Where"), Weight: 4, Muted: true},
		{Title: lang.L("Last kept"), Weight: 3, Muted: true},
		{Title: lang.L("Versions"), Weight: 2, Align: fyne.TextAlignTrailing, Muted: true},
		{Title: lang.L("Size"), Weight: 2, Align: fyne.TextAlignTrailing, Muted: true},
	}, func() int { return len(s.hits) }, s.cell)
	s.table.OnSelect = func(row int) { s.table.Unselect(); s.open(s.hits[row].place) }
	s.table.OnOpen = s.table.OnSelect
	s.root = kit.Stretch(10, 1, kit.Lead(4, kit.Middle(backButton(back)), kit.VBox(2, s.title, s.count)), s.body)
	return s
}

func backButton(back func()) *kit.Button {
	return kit.NewButton(kit.Quiet, "chevron-left", lang.L("Back"), back)
}

func (s *searchView) draw(now Now) {
	at := now.At
	if at.IsZero() {
		at = time.Now()
	}
	if daysBetween(s.day, at) != 0 {
		s.day = at
		s.table.Refresh()
	}
}

func (s *searchView) leave() {
	s.finding.drop()
	s.asked, s.hits = "", nil
}

// find asks for a name.
func (s *searchView) find(pattern string) {
	s.asked, s.hits = pattern, nil
	s.title.SetText(lang.L("“{{.Name}}” in every version", values{"Name": kit.Shown(pattern)}))
	s.count.SetText(lang.L("Searching…"))
	s.instead(waiting(lang.L("Searching…")))
	var matches []syncer.Match
	s.finding.ask(func(ctx context.Context) (err error) {
		matches, err = s.w.engine.Find(ctx, pattern)
		return err
	}, func(err error) { s.got(matches, err) })
}

func (s *searchView) instead(o fyne.CanvasObject) {
	s.body.Objects = []fyne.CanvasObject{o}
	s.body.Refresh()
	s.root.Refresh()
}

func (s *searchView) got(matches []syncer.Match, err error) {
	s.hits = gather(matches, s.known)
	s.table.Refresh()
	s.count.SetText(lang.N("{{.Number}} found", len(s.hits), values{"Number": number(int64(len(s.hits)))}))
	switch {
	case len(s.hits) > 0 && err != nil:
		s.instead(kit.Stretch(8, 1, s.w.partly(err), s.table.Root))
	case len(s.hits) > 0:
		s.instead(s.table.Root)
	case err != nil:
		s.count.SetText("")
		s.instead(s.w.failure(err, func() { s.find(s.asked) }))
	default:
		s.instead(kit.Empty("search", lang.L("Nothing is called that"),
			lang.L("A part of the name is enough, and capitals do not matter. * stands for any letters."), nil))
	}
}

// gather makes one hit of all versions of a file, in the order of the newest.
func gather(matches []syncer.Match, known timeline) (hits []hit) {
	at := map[string]int{}
	for _, m := range matches {
		id := m.Snapshot.String()
		p := place{version: id, at: m.Time, path: m.Path}
		key := id + "/" + m.Path
		if v, ok := known.find(id); ok {
			p = placeOf(v).below(m.Path)
			key = string(v.Device[:]) + string(v.FolderID[:]) + m.Path
		}
		if i, ok := at[key]; ok {
			hits[i].versions++
			continue
		}
		at[key] = len(hits)
		hits = append(hits, hit{p, m.Size, 1})
	}
	return hits
}

func (s *searchView) cell(row, column int) kit.Cell {
	h := s.hits[row]
	switch column {
	case 0:
		return kit.Cell{Icon: glyphOf(h.path), Tone: kit.Idle, Text: h.name()}
	case 1:
		where := h.up()
		text := baseName(where.folder)
		if where.path != "" {
			text += " › " + kit.Shown(where.path)
		}
		return kit.Cell{Text: text}
	case 2:
		return kit.Cell{Text: dayOf(h.at, s.day)}
	case 3:
		return kit.Cell{Text: number(h.versions)}
	default:
		return kit.Cell{Text: size(h.size)}
	}
}
