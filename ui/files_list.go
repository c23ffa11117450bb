package ui

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// listing is what lies in one folder of one version. A tap opens; while several are picked, a tap ticks.
type listing struct {
	root    *fyne.Container
	w       *Window
	open    func(place) // a file
	compare func(place) // what changed with a version

	where   *kit.Text
	when    *kit.Text
	up      *kit.Button
	pick    *kit.Button
	changed *kit.Button
	bring   *kit.Button
	forget  *kit.Button
	table   *kit.Table
	body    *fyne.Container // the table, or what stands in its place

	reading question
	known   timeline
	at      place
	items   []syncer.Item
	ticking bool
	ticked  map[string]bool // by path
	day     time.Time       // that the times are told from
}

func newListing(w *Window, open func(place)) *listing {
	l := &listing{w: w, open: open, reading: question{w: w}, ticked: map[string]bool{}, body: container.NewStack()}
	l.where, l.when = kit.Heading("").Clipped(), kit.Small("").Clipped()
	l.up = kit.NewButton(kit.Quiet, "arrow-up", "", func() { l.show(l.at.up()) }).Spoken(lang.L("To the folder above"))
	l.pick = kit.NewButton(kit.Quiet, "", lang.L("Pick several"), l.switchTicking)
	l.changed = kit.NewButton(kit.Quiet, "", lang.L("What changed"), func() { l.compare(l.at) })
	l.bring = kit.NewButton(kit.Primary, "restore", lang.L("Restore…"), l.restore)
	l.forget = kit.NewButton(kit.Quiet, "", lang.L("Forget…"), l.askForget)
	l.table = kit.NewTable(lang.L("What is in this folder"), []kit.Column{
		{Title: lang.L("Name"), Weight: 5},
		{Title: lang.L("Changed"), Weight: 3, Muted: true},
		{Title: lang.L("Size"), Weight: 2, Align: fyne.TextAlignTrailing, Muted: true},
	}, func() int { return len(l.items) }, l.cell)
	l.table.OnSelect = l.tapped
	l.table.OnOpen = l.tapped
	head := kit.Lead(4, kit.Middle(l.up), kit.VBox(2, l.where, l.when))
	l.root = kit.Stretch(8, 2, head, kit.HBox(4, l.pick, l.changed), l.body, kit.Between(l.forget, l.bring))
	l.instead(waiting(lang.L("One moment")))
	return l
}

func (l *listing) instead(o fyne.CanvasObject) {
	l.body.Objects = []fyne.CanvasObject{o}
	l.body.Refresh()
}

func (l *listing) draw(now Now) {
	at := now.At
	if at.IsZero() {
		at = time.Now()
	}
	if daysBetween(l.day, at) != 0 {
		l.day = at
		l.table.Refresh()
		l.drawHead()
	}
}

// show reads a folder.
func (l *listing) show(p place) {
	l.at, l.items = p, nil
	l.ticked = map[string]bool{}
	l.drawHead()
	l.instead(waiting(lang.L("One moment")))
	var items []syncer.Item
	l.reading.ask(func(ctx context.Context) (err error) {
		items, err = l.w.engine.Children(ctx, p.version, p.path)
		sortItems(items)
		return err
	}, func(err error) { l.got(items, err) })
}

// sortItems sets folders first and both in the order of a dictionary, where capitals do not matter.
func sortItems(items []syncer.Item) {
	type keyed struct {
		syncer.Item
		key string
	}
	all := make([]keyed, len(items))
	for i, x := range items {
		all[i] = keyed{x, strings.ToLower(x.Path)}
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		switch {
		case a.IsFolder() == b.IsFolder():
			return strings.Compare(a.key, b.key)
		case a.IsFolder():
			return -1
		}
		return 1
	})
	for i, x := range all {
		items[i] = x.Item
	}
}

func (l *listing) got(items []syncer.Item, err error) {
	l.items = items
	l.table.Unselect()
	l.table.Refresh()
	switch {
	case err != nil:
		if len(items) == 0 {
			l.instead(l.w.failure(err, func() { l.show(l.at) }))
		} else { // a part is damaged; the rest can be had
			l.instead(kit.Stretch(8, 1, l.w.partly(err), l.table.Root))
		}
	case len(items) == 0:
		l.instead(kit.Empty("folder", lang.L("This folder is empty"), lang.L("There was nothing in it when this version was made."), nil))
	default:
		l.instead(l.table.Root)
	}
	l.drawHead()
}

// drawHead says where and when this is.
func (l *listing) drawHead() {
	if l.at.version == "" {
		return
	}
	where := l.at.name()
	if l.at.path != "" {
		where = baseName(l.at.folder) + " › " + strings.ReplaceAll(kit.Shown(l.at.path), "/", " › ")
	}
	l.where.SetText(where)
	when := lang.L("As it was {{.Moment}}", values{"Moment": moment(l.at.at, l.day)})
	if newest, ok := l.known.newest(l.at.version); ok && newest.ID.String() == l.at.version {
		when = facts(lang.L("Newest version"), moment(l.at.at, l.day))
	}
	l.when.SetText(facts(when, kit.Shown(l.at.device)))
	if l.at.path == "" {
		l.up.Disable()
	} else {
		l.up.Enable()
	}
	_, older := l.known.before(l.at.version)
	shown(l.changed, older && !l.ticking)
	switch n := len(l.ticked); {
	case !l.ticking:
		l.pick.SetLabel(lang.L("Pick several"))
	case n == 0:
		l.pick.SetLabel(lang.L("Stop picking"))
	default:
		l.pick.SetLabel(lang.N("{{.Number}} picked, stop picking", n, values{"Number": number(int64(n))}))
	}
	if l.ticking && len(l.ticked) == 0 {
		l.bring.Disable()
	} else {
		l.bring.Enable()
	}
	l.drawForget()
	l.root.Refresh()
}

// drawForget offers to forget what is picked, or else the folder, or else the version, unless that is the newest.
func (l *listing) drawForget() {
	whole := l.at.path == "" && len(l.ticked) == 0
	newest, _ := l.known.newest(l.at.version)
	shown(l.forget, l.w.ownPlace(l.at) && !(whole && (l.ticking || newest.ID.String() == l.at.version)))
	if whole {
		l.forget.SetLabel(lang.L("Remove this version…"))
	} else {
		l.forget.SetLabel(lang.L("Forget…"))
	}
}

func (l *listing) askForget() {
	paths := slices.Sorted(maps.Keys(l.ticked))
	switch {
	case len(paths) > 0:
		l.w.askForgetPaths(l.at, paths)
	case l.at.path != "":
		l.w.askForgetPaths(l.at, []string{l.at.path})
	default:
		l.w.askForgetVersion(l.at)
	}
}

func (l *listing) cell(row, column int) kit.Cell {
	x := l.items[row]
	switch column {
	case 0:
		glyph, tone := fileGlyph(x)
		if l.ticked[x.Path] {
			glyph, tone = "check", kit.Good
		}
		return kit.Cell{Icon: glyph, Tone: tone, Text: baseName(x.Path)}
	case 1:
		return kit.Cell{Text: dayOf(x.MTime, l.day)}
	}
	if x.IsFolder() {
		return kit.Cell{}
	}
	return kit.Cell{Text: size(x.Size)}
}

func (l *listing) tapped(row int) {
	x := l.items[row]
	l.table.Unselect()
	switch {
	case l.ticking && l.ticked[x.Path]:
		delete(l.ticked, x.Path)
	case l.ticking:
		l.ticked[x.Path] = true
	case x.IsFolder():
		l.show(l.at.below(x.Path))
		return
	default:
		l.open(l.at.below(x.Path))
		return
	}
	l.table.Refresh()
	l.drawHead()
}

func (l *listing) switchTicking() {
	l.ticking = !l.ticking
	l.ticked = map[string]bool{}
	l.table.Refresh()
	l.drawHead()
}

// restore asks how to bring back what is picked, or else the whole folder.
func (l *listing) restore() {
	paths := slices.Sorted(maps.Keys(l.ticked))
	wish := wish{title: lang.L("Restore {{.Name}}", values{"Name": l.at.name()})}
	switch {
	case len(paths) > 1:
		wish.title = lang.N("Restore {{.Number}} files and folders", len(paths), values{"Number": number(int64(len(paths)))})
	case len(paths) == 1:
		wish.title = lang.L("Restore {{.Name}}", values{"Name": baseName(paths[0])})
	case l.at.path != "":
		paths = []string{l.at.path}
	}
	wish.parts = []syncer.RestoreOptions{{Snapshot: l.at.version, Paths: paths}}
	l.w.askRestore(wish)
}
