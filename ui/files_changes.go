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

// changesView says how two versions differ.
type changesView struct {
	root  *fyne.Container
	w     *Window
	title *kit.Text
	count *kit.Text
	other *kit.Button
	list  *changesList

	known         timeline
	before, after syncer.Version
	day           time.Time
}

func newChangesView(w *Window, back func()) *changesView {
	c := &changesView{w: w, title: kit.Heading("").Clipped(), count: kit.Small("").Clipped(), list: newChangesList(w, changeWords{changesWords, changeSign, noChange, true})}
	c.other = kit.NewButton(kit.Secondary, "compare", lang.L("Compare with…"), c.choose)
	c.root = kit.Stretch(10, 1, kit.Lead(4, kit.Middle(backButton(back)), kit.Between(kit.VBox(2, c.title, c.count), c.other)), c.list.root)
	return c
}

func (c *changesView) draw(now Now) {
	if c.day = now.At; c.day.IsZero() {
		c.day = time.Now()
	}
}

func (c *changesView) leave() { c.list.comparing.drop() }

// since compares a version with the one before it.
func (c *changesView) since(p place) {
	after, ok := c.known.find(p.version)
	before, older := c.known.before(p.version)
	if ok && older {
		c.show(before, after)
	}
}

func (c *changesView) show(before, after syncer.Version) {
	if before.Time().After(after.Time()) {
		before, after = after, before
	}
	c.before, c.after = before, after
	c.title.SetText(lang.L("What changed in {{.Folder}}", values{"Folder": baseName(string(after.Path))}))
	c.count.SetText(lang.L("From {{.Before}} to {{.After}}", values{"Before": moment(before.Time(), c.day), "After": moment(after.Time(), c.day)}))
	c.root.Refresh()
	c.list.compare(before.ID.String(), after.ID.String())
}

// choose lets a person pick the version to compare with.
func (c *changesView) choose() {
	var others []syncer.Version
	for _, v := range c.known.versions {
		if sameFolder(v, c.after) && v.ID != c.after.ID {
			others = append(others, v)
		}
	}
	var d *kit.Dialog
	dates := newDatesTable(c.w, func(v syncer.Version) { d.Close(); c.show(v, c.after) })
	dates.at = c.day
	dates.set(others)
	d = kit.NewDialog(lang.L("Compare with which version?"), kit.Fixed(0, 260, dates.root),
		kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }))
	c.w.dialog(d)
}

// changesList is the files that are different in two versions.
type changesList struct {
	root  *fyne.Container
	w     *Window
	words changeWords
	sum   *kit.Paragraph
	table *kit.Table
	body  *fyne.Container

	comparing question
	known     *syncer.Comparison // nil while it is not known
}

// changeWords say what differs: all of it, and one file with its sign.
type changeWords struct {
	all   func(*syncer.Comparison) string
	one   func(syncer.ChangeKind) (text, glyph string, tone kit.Tone)
	none  func() (title, text string)
	sizes bool // there is room for them
}

func newChangesList(w *Window, words changeWords) *changesList {
	c := &changesList{w: w, words: words, comparing: question{w: w}, sum: kit.NewParagraph(""), body: container.NewStack()}
	columns := []kit.Column{{Title: lang.L("Name"), Weight: 6}, {Title: lang.L("Change"), Weight: 3, Muted: true}}
	if words.sizes {
		columns = append(columns, kit.Column{Title: lang.L("Size before"), Weight: 2, Align: fyne.TextAlignTrailing, Muted: true},
			kit.Column{Title: lang.L("Size after"), Weight: 2, Align: fyne.TextAlignTrailing, Muted: true})
	}
	c.table = kit.NewTable(lang.L("Files that are different"), columns, c.length, c.cell)
	c.root = kit.Stretch(8, 1, c.sum, c.body)
	return c
}

func (c *changesList) length() int {
	if c.known == nil {
		return 0
	}
	return len(c.known.Changes)
}

func (c *changesList) instead(o fyne.CanvasObject) {
	c.body.Objects = []fyne.CanvasObject{o}
	c.body.Refresh()
	c.root.Refresh()
}

// compare asks how two versions differ.
func (c *changesList) compare(before, after string) {
	c.known = nil
	c.sum.SetText("")
	c.instead(waiting(lang.L("Comparing…")))
	var got *syncer.Comparison
	c.comparing.ask(func(ctx context.Context) (err error) {
		got, err = c.w.engine.Compare(ctx, before, after, "")
		return err
	}, func(err error) { c.got(got, err, func() { c.compare(before, after) }) })
}

func (c *changesList) got(got *syncer.Comparison, err error, again func()) {
	c.known = got
	c.table.Unselect()
	c.table.Refresh()
	if got != nil {
		c.sum.SetText(c.words.all(got))
	}
	switch {
	case err != nil && c.length() == 0:
		c.instead(c.w.failure(err, again))
	case err != nil:
		c.instead(kit.Stretch(8, 1, c.w.partly(err), c.table.Root))
	case c.length() == 0:
		title, text := c.words.none()
		c.instead(kit.Empty("check", title, text, nil))
	default:
		c.instead(c.table.Root)
	}
}

// changesWords counts what is different.
func changesWords(c *syncer.Comparison) string {
	var added, changed, removed string
	if c.Added > 0 {
		added = lang.N("{{.Number}} added", int(c.Added), values{"Number": number(c.Added)})
	}
	if c.Changed > 0 {
		changed = lang.N("{{.Number}} changed", int(c.Changed), values{"Number": number(c.Changed)})
	}
	if c.Removed > 0 {
		removed = lang.N("{{.Number}} removed", int(c.Removed), values{"Number": number(c.Removed)})
	}
	more := ""
	if c.More {
		more = lang.N("the first {{.Number}} are listed", len(c.Changes), values{"Number": number(int64(len(c.Changes)))})
	}
	return facts(added, changed, removed, growth(c.Before, c.After), more)
}

func noChange() (title, text string) {
	return lang.L("No difference"), lang.L("Every file is the same in both versions.")
}

func changeSign(kind syncer.ChangeKind) (text, glyph string, tone kit.Tone) {
	switch kind {
	case syncer.Added:
		return lang.L("added"), "plus", kit.Good
	case syncer.Removed:
		return lang.L("removed"), "trash", kit.Bad
	default:
		return lang.L("changed"), "refresh", kit.Accent
	}
}

func (c *changesList) cell(row, column int) kit.Cell {
	x := c.known.Changes[row]
	switch column {
	case 0:
		_, glyph, tone := c.words.one(x.Kind)
		return kit.Cell{Icon: glyph, Tone: tone, Text: kit.Shown(x.Path)}
	case 1:
		text, _, _ := c.words.one(x.Kind)
		return kit.Cell{Text: text}
	case 2:
		if x.Kind == syncer.Added {
			return kit.Cell{}
		}
		return kit.Cell{Text: size(x.Before)}
	default:
		if x.Kind == syncer.Removed {
			return kit.Cell{}
		}
		return kit.Cell{Text: size(x.After)}
	}
}
