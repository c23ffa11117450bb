package ui

import (
	"context"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// restoring is the screen that brings files back: three doors, and the restore that is under way.
type restoring struct {
	w       *Window
	page    *kit.Page
	content *fyne.Container
	top     *fyne.Container
	title   *kit.Text
	notice  *kit.Notice
	doors   *fyne.Container
	card    *runCard
	date    *dateView
	device  *deviceView

	loading  question
	known    timeline
	loaded   bool
	loadedAt time.Time
	askedIn  string // state of things when the versions were asked for
	now      Now

	errand errand[syncer.RestoreRun]
}

func newRestore(w *Window) *restoring {
	r := &restoring{w: w, loading: question{w: w}}
	r.errand = errand[syncer.RestoreRun]{
		w: w, at: func(x *syncer.RestoreRun) (string, *string) { return x.ID, &x.State },
		take: func(ctx context.Context, id string, step syncer.ErrandStep) error {
			return w.engine.SteerRestore(ctx, id, step)
		},
		redraw: r.drawRun,
	}
	r.title = kit.Title(lang.L("Restore"))
	r.notice = kit.NewNotice(kit.Warn, "", "")
	r.notice.Root.Hide()
	r.card = newRunCard(r)
	r.card.root.Hide()
	r.date = newDateView(w, r.home)
	r.device = newDeviceView(w, r.home)
	r.doors = kit.VBox(kit.Gap,
		door("search", lang.L("I lost a file"), lang.L("Search every version by name, and bring the file back."), r.lost),
		door("calendar", lang.L("Go back to a date"), lang.L("See how a folder was on a day, and bring it back as it was."), r.showDate),
		door("laptop", lang.L("New computer"), lang.L("Bring everything of another computer to this one."), r.showDevices),
		kit.NewParagraph(lang.L("Restoring never deletes anything. Files that are in the way are kept, unless you say otherwise.")).Secondary())
	r.content = kit.VBox(kit.Gap, kit.Title(lang.L("Restore")), r.notice.Root, r.card.root, r.doors)
	r.page = kit.NewPage(r.content)
	r.top = container.NewStack(r.page.Root)
	return r
}

// door is one way to get files back.
func door(glyph, title, text string, tap func()) fyne.CanvasObject {
	return kit.NewOption(kit.OptionData{Icon: glyph, Tone: kit.Accent, Title: title, Detail: text}, tap)
}

func (r *restoring) root() fyne.CanvasObject { return r.top }

func (r *restoring) draw(now Now) {
	r.now = now
	r.date.draw(now)
	r.device.draw(now)
	r.drawRun()
	told := r.notice.Root.Visible() // that it went wrong, or that the storage was not there
	if !r.loading.asking() && (!r.loaded && !told || told && now.State != r.askedIn || !now.Saved.Equal(r.loadedAt)) {
		r.load()
	}
}

func (r *restoring) load() {
	r.loadedAt, r.askedIn = r.now.Saved, r.now.State
	var versions []syncer.Version
	var stale bool
	r.loading.ask(func(ctx context.Context) (err error) {
		versions, stale, err = r.w.engine.Snapshots(ctx, "")
		return err
	}, func(err error) {
		again := kit.NewButton(kit.Secondary, "refresh", lang.L("Try again"), func() { shown(r.notice.Root, false); r.load(); r.page.Refresh() })
		switch {
		case err != nil:
			p := problemOf(err)
			r.notice.Set(problemTone(p), translated(p.Title), problemText(p), r.w.detailsButton(p), again)
		case stale:
			r.notice.Set(kit.Accent, lang.L("Your storage does not answer"),
				lang.L("This is what was known when it did. Files can be looked at and restored when it answers again."), again)
		}
		shown(r.notice.Root, err != nil || stale)
		if err == nil {
			r.loaded, r.known = true, newTimeline(versions, stale)
			r.date.set(r.known)
			r.device.set(r.known)
		}
		r.page.Refresh()
	})
}

// home shows the doors.
func (r *restoring) home() { r.view(r.page.Root); r.page.Refresh() }

func (r *restoring) view(o fyne.CanvasObject) {
	r.top.Objects = []fyne.CanvasObject{o}
	r.top.Refresh()
}

func (r *restoring) lost() {
	if f, ok := r.w.screens[Files].(*filesScreen); ok {
		f.lost()
	}
}

func (r *restoring) showDate() { r.view(r.date.root) }

func (r *restoring) showDevices() { r.view(r.device.page.Root); r.device.page.Refresh() }

// drawRun shows the restore that is under way, or its report, above the doors.
func (r *restoring) drawRun() {
	before := r.content.MinSize()
	run := r.current()
	shown(r.card.root, run != nil)
	shown(r.doors, run == nil || run.State == syncer.ErrandOver)
	if run != nil {
		r.card.set(run, time.Now())
	}
	if r.content.MinSize() != before {
		r.page.Refresh()
	}
}

// viewHead is the head of a view that leads back.
func viewHead(back func(), title, text string) *fyne.Container {
	return kit.Lead(4, kit.Middle(backButton(back)), kit.VBox(2, kit.Heading(title).Clipped(), kit.NewParagraph(text).Secondary().Small()))
}

// flush lets the text of a quiet button at the right end where the things above and below it do: the button has room for its ring.
func flush(b *kit.Button) *fyne.Container { return kit.PadEach(0, 0, 0, -6, b) }

// dateView goes back to a date: the timeline, what would come back, and the way to do it.
type dateView struct {
	root    *fyne.Container
	w       *Window
	dates   *datesTable
	list    *changesList
	title   *kit.Text
	sums    *kit.Paragraph
	one     *kit.Button
	all     *kit.Button
	side    *fyne.Container
	nothing *fyne.Container // asks to choose
	none    *fyne.Container // there is nothing to choose from
	wait    *fyne.Container // nobody knows yet

	known  timeline
	chosen syncer.Version
	picked bool
	day    time.Time
}

func newDateView(w *Window, back func()) *dateView {
	d := &dateView{w: w, list: newChangesList(w, changeWords{comesBack, comesBackSign, nothingComesBack, false}), title: kit.Heading("").Clipped(), sums: kit.NewParagraph("").Secondary()}
	d.dates = newDatesTable(w, d.choose)
	d.one = kit.NewButton(kit.Primary, "restore", lang.L("Restore…"), d.restoreOne)
	d.all = kit.NewButton(kit.Secondary, "", lang.L("All folders…"), d.restoreAll)
	d.side = kit.Stretch(10, 2, d.title, d.sums, d.list.root, kit.Between(kit.NewBox("", "", 0), kit.HBox(8, d.all, d.one)))
	d.nothing = kit.Empty("calendar", lang.L("Choose a moment"), lang.L("Every line is a version: how a folder was at that time. What would come back is shown before anything happens."), nil)
	d.none = kit.Empty("folder", lang.L("Nothing is kept yet"), lang.L("After the first backup, every folder that is kept can be looked through here, as it was on any day."), nil)
	d.wait = waiting(lang.L("Looking for what is kept…"))
	d.root = container.NewStack(kit.NewBox(kit.ColourPage, "", 0), kit.Pad(kit.PageInset, kit.Stretch(kit.Gap, 1,
		viewHead(back, lang.L("Go back to a date"), lang.L("See how a folder was on a day, and bring it back as it was.")),
		kit.Card(kit.Split(d.dates.root, container.NewStack(d.side, d.nothing, d.none, d.wait))))))
	d.side.Hide()
	d.nothing.Hide()
	d.none.Hide()
	return d
}

func (d *dateView) draw(now Now) {
	d.dates.draw(now)
	if d.day = now.At; d.day.IsZero() {
		d.day = time.Now()
	}
}

func (d *dateView) set(known timeline) {
	d.known = known
	d.dates.set(known.versions)
	shown(d.all, len(known.folders) > 1)
	shown(d.wait, false)
	shown(d.none, len(known.versions) == 0)
	shown(d.nothing, len(known.versions) > 0 && !d.picked)
	d.root.Refresh()
}

// choose shows what a version would bring back: how it differs from the newest one.
func (d *dateView) choose(v syncer.Version) {
	d.chosen, d.picked = v, true
	shown(d.nothing, false)
	shown(d.side, true)
	d.title.SetText(facts(baseName(string(v.Path)), moment(v.Time(), d.day)))
	whole := facts(files(int64(v.Files)), size(int64(v.Bytes)))
	d.sums.SetText(whole)
	newest, ok := d.known.newest(v.ID.String())
	if !ok {
		return
	}
	d.list.compare(newest.ID.String(), v.ID.String())
	d.root.Refresh()
}

// comesBack says what restoring an older version would do to the newest one.
func comesBack(c *syncer.Comparison) string {
	var gone, changed, since string
	if c.Added > 0 {
		gone = lang.N("{{.Number}} deleted since come back", int(c.Added), values{"Number": number(c.Added)})
	}
	if c.Changed > 0 {
		changed = lang.N("{{.Number}} as they were", int(c.Changed), values{"Number": number(c.Changed)})
	}
	if c.Removed > 0 {
		since = lang.N("{{.Number}} made since stay", int(c.Removed), values{"Number": number(c.Removed)})
	}
	return facts(gone, changed, since)
}

func nothingComesBack() (title, text string) {
	return lang.L("The same as the newest version"), lang.L("Restoring brings back what is missing on this computer.")
}

func comesBackSign(kind syncer.ChangeKind) (text, glyph string, tone kit.Tone) {
	switch kind {
	case syncer.Added:
		return lang.L("comes back"), "plus", kit.Good
	case syncer.Removed:
		return lang.L("stays"), "check", kit.Idle
	default:
		return lang.L("as it was"), "refresh", kit.Accent
	}
}

func (d *dateView) restoreOne() {
	if !d.picked {
		return
	}
	v := d.chosen
	d.w.askRestore(wish{
		title: lang.L("Restore {{.Name}} of {{.Moment}}", values{"Name": baseName(string(v.Path)), "Moment": moment(v.Time(), d.day)}),
		parts: []syncer.RestoreOptions{{Snapshot: v.ID.String()}},
	})
}

func (d *dateView) restoreAll() {
	if !d.picked {
		return
	}
	var versions []syncer.Version
	for _, v := range d.known.asOf(d.chosen.Time()) {
		if v.Device == d.chosen.Device {
			versions = append(versions, v)
		}
	}
	d.w.askRestore(wish{
		title: lang.L("Restore all folders of {{.Moment}}", values{"Moment": moment(d.chosen.Time(), d.day)}), parts: partsOf(versions),
	})
}

// partsOf restores each version whole, small ones first.
func partsOf(versions []syncer.Version) []syncer.RestoreOptions {
	slices.SortStableFunc(versions, func(a, b syncer.Version) int {
		switch {
		case a.Bytes < b.Bytes:
			return -1
		case a.Bytes > b.Bytes:
			return 1
		}
		return 0
	})
	parts := make([]syncer.RestoreOptions, len(versions))
	for i, v := range versions {
		parts[i].Snapshot = v.ID.String()
	}
	return parts
}

// deviceView brings everything of one computer back.
type deviceView struct {
	page  *kit.Page
	w     *Window
	rows  *fyne.Container
	known timeline
	day   time.Time
}

func newDeviceView(w *Window, back func()) *deviceView {
	d := &deviceView{w: w, rows: kit.VBox(6)}
	help := kit.Card(kit.VBox(10, kit.Heading(lang.L("To another computer")).Clipped(),
		kit.NewParagraph(lang.L("Install Roost there and choose “Get my files back, or add this device”. It asks for your recovery words and where your storage is, and nothing else.")),
		kit.NewParagraph(lang.L("Replacing an old computer deletes nothing: what the old one saved stays.")).Secondary()))
	d.page = kit.NewPage(kit.VBox(kit.Gap, viewHead(back, lang.L("New computer"), lang.L("Bring everything of another computer to this one.")),
		kit.Card(kit.VBox(10, kit.Heading(lang.L("To this computer")).Clipped(), kit.PadEach(0, 0, -8, -8, d.rows))), help))
	return d
}

func (d *deviceView) draw(now Now) {
	at := now.At
	if at.IsZero() {
		at = time.Now()
	}
	if daysBetween(d.day, at) != 0 {
		d.day = at
		d.set(d.known)
	}
}

func (d *deviceView) set(known timeline) {
	d.known = known
	d.rows.RemoveAll()
	for _, newest := range known.devices() {
		var all []syncer.Version
		var count, bytes int64
		for _, v := range known.asOf(newest.Time()) {
			if v.Device == newest.Device {
				all = append(all, v)
				count, bytes = count+int64(v.Files), bytes+int64(v.Bytes)
			}
		}
		if len(all) == 0 {
			continue // its first backup is not finished
		}
		name := kit.Shown(newest.DeviceName)
		d.rows.Add(kit.NewRow(kit.RowData{
			Icon: "laptop", IconTone: kit.Accent, Title: name, Value: size(bytes),
			Detail: facts(files(count), lang.L("newest version {{.Moment}}", values{"Moment": moment(newest.Time(), d.day)})),
		}, func() {
			d.w.askRestore(wish{title: lang.L("Restore everything of {{.Device}}", values{"Device": name}), parts: partsOf(all)})
		}))
	}
	if len(d.rows.Objects) == 0 {
		d.rows.Add(kit.PadXY(8, 0, kit.NewParagraph(lang.L("Nothing is kept yet")).Secondary()))
	}
	d.page.Refresh()
}
