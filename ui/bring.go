package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// bringer is what the page that brings things in needs of the engine: its methods of these names say the rest.
type bringer interface {
	// PlainThings lists what other programs keep on the storages that is files and folders; "" is all storages.
	PlainThings(ctx context.Context, storage string) ([]syncer.PlainThing, error)
	// Estimate looks at what a part would bring, and sends nothing.
	Estimate(ctx context.Context, p syncer.BringPart, r syncer.Report) (*syncer.BringEstimate, error)
	// StartBring brings things in, which goes on by itself: the status tells how far it is.
	StartBring(ctx context.Context, w syncer.BringWish) error
	// SteerBring pauses, goes on with, skips a part of, cancels or puts away what is brought in under this id.
	SteerBring(ctx context.Context, id string, step syncer.ErrandStep) error
}

// bringPage brings in what a person has already: it lies beside the storages, because all of it comes from a place or goes to
// one, and that is where a person looks for places. What goes on is the engine's, and is shown above the choice.
type bringPage struct {
	s       *storagesScreen
	page    *kit.Page
	content *fyne.Container
	card    *bringCard
	doors   *fyne.Container
	chosen  *fyne.Container // what is to be brought in, and the way to begin
	list    *fyne.Container
	sum     *kit.Paragraph
	begin   *kit.Button
	notice  *kit.Notice

	rows      []*bringRow
	measuring question // of one row after the other
	looking   question // for what lies open
}

// bringRow is one thing that may be brought in.
type bringRow struct {
	part     syncer.BringPart
	ticked   bool
	estimate *syncer.BringEstimate
	seen     syncer.Progress // of the estimate that is under way
	problem  *syncer.Problem // it cannot be estimated, and most likely not be brought in
	option   *kit.Option
	up       *kit.Button
	again    *kit.Button // finds out how much it is once more
}

func newBringPage(s *storagesScreen) *bringPage {
	b := &bringPage{s: s, list: kit.VBox(8), sum: kit.NewParagraph("").Secondary(), notice: kit.NewNotice(kit.Accent, "", "")}
	b.measuring.w, b.looking.w = s.w, s.w
	b.notice.Root.Hide()
	b.card = newBringCard(s.w)
	option := func(glyph string, title, detail string, tap func()) fyne.CanvasObject {
		return kit.NewOption(kit.OptionData{Icon: glyph, Tone: kit.Accent, Title: title, Detail: detail}, tap)
	}
	b.doors = kit.VBox(10, kit.Heading(lang.L("What do you have?")).Clipped(),
		option("folder", lang.L("Folders on this computer"), lang.L("They are kept from now on, with every change."), b.pick(syncer.BringFolder)),
		option("calendar", lang.L("Backups of another program, one folder for each day"), lang.L("Every dated folder becomes a version with its date."), b.pick(syncer.BringDated)),
		option("globe", lang.L("Files that lie open on a storage"), lang.L("What other programs put there becomes part of your encrypted backup. There it stays as it is."), b.lookForOpen),
		option("download", lang.L("A copy of this backup on a disk"), lang.L("It goes back into the storage, every part checked."), b.pick(syncer.BringImport)),
		kit.PadEach(8, 0, 0, 0, kit.Heading(lang.L("Where should it go?")).Clipped()),
		option("drive", lang.L("To a disk, beside the storage"), lang.L("A copy of the whole backup, encrypted. A later one writes only what is new."), b.pick(syncer.BringExport)),
		option("globe", lang.L("Open onto a storage, not encrypted"), lang.L("One folder, as ordinary files for programs and people that do not have your words."), b.chooseOpen),
		option("server", lang.L("To a new storage, in place of an old one"), lang.L("Everything is copied and read back, and files are restored from it to try it, before it takes over."), b.chooseMove))
	b.begin = kit.NewButton(kit.Primary, "", lang.L("Begin"), b.start)
	b.chosen = kit.Card(kit.VBox(12, kit.Heading(lang.L("In this order")).Clipped(), b.list, kit.Between(b.sum, b.begin)))
	b.chosen.Hide()
	b.content = kit.VBox(kit.Gap,
		viewHead(func() { b.leave(); s.back() }, lang.L("Bring in what you already have"), lang.L("Nothing that you have is changed or removed by it.")),
		b.card.root, b.notice.Root, b.chosen, b.doors)
	b.page = kit.NewPage(b.content)
	return b
}

// leave ends what only this page wants to know.
func (b *bringPage) leave() {
	b.measuring.drop()
	b.looking.drop()
}

func (b *bringPage) draw(now Now) {
	before := b.content.MinSize()
	run := b.card.current(now)
	shown(b.card.root, run != nil)
	shown(b.doors, run == nil || run.State == syncer.ErrandOver)
	shown(b.chosen, len(b.rows) > 0 && (run == nil || run.State == syncer.ErrandOver))
	if run != nil {
		b.card.set(run, now)
	}
	if b.content.MinSize() != before {
		b.page.Refresh()
	}
}

// pick lets a person choose a folder for a part.
func (b *bringPage) pick(kind string) func() {
	return func() {
		b.s.w.chooseFolder(func(dir string) { b.add(syncer.BringPart{Kind: kind, Path: dir}, true) })
	}
}

// add puts a part at the end of the list, and finds out how much it is.
func (b *bringPage) add(p syncer.BringPart, ticked bool) {
	if i := slices.IndexFunc(b.rows, func(r *bringRow) bool { return sameBringing(r.part, p) }); i >= 0 {
		b.rows[i].ticked = true
		b.drawRows()
		return
	}
	r := &bringRow{part: p, ticked: ticked}
	r.option = kit.NewOption(kit.OptionData{}, func() { r.ticked = !r.ticked; b.drawRows() })
	r.up = kit.NewButton(kit.Quiet, "chevron-up", "", func() { b.earlier(r) }).Spoken(lang.L("Earlier"))
	r.again = kit.NewButton(kit.Quiet, "refresh", "", func() {
		r.problem = nil
		b.drawRows()
		if !b.measuring.asking() {
			b.measure()
		}
	}).Spoken(lang.L("Try again"))
	b.rows = append(b.rows, r)
	b.drawRows()
	if !b.measuring.asking() {
		b.measure()
	}
}

// sameBringing tells whether two parts are about one thing.
func sameBringing(a, b syncer.BringPart) bool {
	return a.Kind == b.Kind && a.Path == b.Path && (a.Open == nil || b.Open == nil || *a.Open == *b.Open) && a.Plain.CID == b.Plain.CID && a.Plain.Path == b.Plain.Path && a.Plain.Storage == b.Plain.Storage && a.From == b.From
}

// earlier moves a part before the one above it.
func (b *bringPage) earlier(r *bringRow) {
	if i := slices.Index(b.rows, r); i > 0 {
		b.rows[i-1], b.rows[i] = b.rows[i], b.rows[i-1]
		b.drawRows()
	}
}

// measure finds out how much the next part is.
func (b *bringPage) measure() {
	i := slices.IndexFunc(b.rows, func(r *bringRow) bool { return r.estimate == nil && r.problem == nil })
	if i < 0 {
		return
	}
	r := b.rows[i]
	var got *syncer.BringEstimate
	b.measuring.ask(func(ctx context.Context) error {
		return b.s.w.follow(ctx, func(report syncer.Report) (err error) {
			got, err = b.s.w.engine.Estimate(ctx, r.part, report)
			return err
		}, func(p syncer.Progress) {
			r.seen = p
			b.drawRow(r)
			b.drawSum()
		})
	}, func(err error) {
		switch {
		case err != nil:
			p := problemOf(err)
			r.problem = &p
		default:
			r.estimate = got
			r.part.Files, r.part.Bytes = got.Files, got.Bytes
		}
		b.drawRows()
		b.measure()
	})
}

func (b *bringPage) drawRows() {
	b.list.RemoveAll()
	for i, r := range b.rows {
		b.drawRow(r)
		shown(r.up, i > 0)
		shown(r.again, r.problem != nil)
		b.list.Add(kit.Between(r.option, kit.HBox(0, kit.Middle(r.again), kit.Middle(r.up))))
	}
	b.drawSum()
	b.draw(b.s.now)
	b.page.Refresh()
}

func (b *bringPage) drawRow(r *bringRow) {
	glyph, kind := bringKind(r.part.Kind)
	d := kit.OptionData{Icon: glyph, Tone: kit.Accent, Title: bringName(r.part), Tick: true, Ticked: r.ticked, Detail: kind}
	var state string
	switch e := r.estimate; {
	case r.problem != nil:
		d.Icon, d.Tone, d.Detail = "warning", kit.Warn, translated(r.problem.Title)
	case e == nil && r.seen.Files > 0:
		d.Value = lang.L("more than {{.Size}}", values{"Size": size(r.seen.Bytes)})
	case e == nil:
		d.Value = lang.L("counting")
	case e.Bytes == 0 && e.Files == 0:
	default:
		d.Value = size(e.Bytes)
		var dates, names, stored string
		if e.Dates > 0 {
			dates = lang.N("{{.Number}} versions", e.Dates, values{"Number": number(int64(e.Dates))})
		}
		if e.Files > 0 {
			names = files(e.Files)
		}
		if e.Read > 0 {
			stored = lang.L("about {{.Size}} more on the storage", values{"Size": size(e.Stored)})
		}
		d.Detail = facts(kind, dates, names, stored)
	}
	state = lang.L("{{.Name}}, {{.Size}}, not chosen", values{"Name": d.Title, "Size": d.Value})
	if r.ticked {
		state = lang.L("{{.Name}}, {{.Size}}, chosen", values{"Name": d.Title, "Size": d.Value})
	}
	d.Spoken = state
	r.option.Set(d)
}

func (b *bringPage) drawSum() {
	var sum syncer.BringEstimate
	chosen, known := 0, true
	for _, r := range b.rows {
		if !r.ticked {
			continue
		}
		chosen++
		if r.estimate == nil {
			known = known && r.problem != nil
			continue
		}
		sum.Files, sum.Bytes, sum.Stored, sum.Time = sum.Files+r.estimate.Files, sum.Bytes+r.estimate.Bytes, sum.Stored+r.estimate.Stored, sum.Time+r.estimate.Time
	}
	if chosen == 0 {
		b.sum.SetText(lang.L("Nothing is chosen yet."))
		b.begin.Disable()
		return
	}
	b.begin.Enable()
	switch {
	case !known:
		b.sum.SetText(lang.L("Roost is counting what is in them. You need not wait for it."))
	case sum.Bytes == 0:
		b.sum.SetText(lang.N("{{.Number}} things", chosen, values{"Number": number(int64(chosen))}))
	default:
		var names string
		if sum.Files > 0 {
			names = files(sum.Files)
		}
		b.sum.SetText(facts(names, size(sum.Bytes), lang.L("about {{.Size}} more on the storage", values{"Size": size(sum.Stored)}), aboutTime(sum.Time)))
	}
}

// bringKind is the sign of a kind of part, and what it is.
func bringKind(kind string) (glyph, words string) {
	switch kind {
	case syncer.BringDated:
		return "calendar", lang.L("Dated folders become versions")
	case syncer.BringPlain:
		return "globe", lang.L("Open files become part of the backup")
	case syncer.BringImport:
		return "download", lang.L("From a disk into the storage")
	case syncer.BringExport:
		return "drive", lang.L("A copy of the backup on this disk")
	case syncer.BringOpen:
		return "globe", lang.L("Open on a storage, for everybody who reaches it")
	case syncer.BringMove:
		return "server", lang.L("A new storage takes over")
	default:
		return "folder", lang.L("Kept from now on")
	}
}

// bringName is what a person knows a part by.
func bringName(p syncer.BringPart) string {
	switch p.Kind {
	case syncer.BringPlain:
		switch {
		case p.Plain.Name != "":
			return kit.Shown(p.Plain.Name)
		case p.Plain.Path != "":
			return baseName(p.Plain.Path)
		}
		return lang.L("Files without a name")
	case syncer.BringMove:
		if p.To.NodeName == "" {
			return kit.Shown(p.From)
		}
		return lang.L("{{.Old}} moves to {{.New}}", values{"Old": kit.Shown(p.From), "New": kit.Shown(p.To.NodeName)})
	}
	return baseName(p.Path)
}

// start lets the engine begin with what is ticked, in the order of the list.
func (b *bringPage) start() {
	var wish syncer.BringWish
	for _, r := range b.rows {
		if r.ticked {
			wish.Parts = append(wish.Parts, r.part)
		}
	}
	b.begin.Disable()
	b.s.w.do(func(ctx context.Context) error { return b.s.w.engine.StartBring(ctx, wish) }, func(err error) {
		b.begin.Enable()
		if err != nil {
			b.s.w.tell(problemOf(err))
			return
		}
		b.leave()
		b.rows = nil
		b.card.errand.begin(&syncer.BringRun{State: syncer.ErrandGoing, Parts: wish.Parts}, b.s.now.Bring)
		b.drawRows()
	})
}

// lookForOpen lists what other programs keep on the storages, for a person to tick.
func (b *bringPage) lookForOpen() {
	b.notice.Set(kit.Accent, lang.L("Looking for what lies open"), lang.L("Every storage is asked what other programs keep there."))
	shown(b.notice.Root, true)
	b.page.Refresh()
	var found []syncer.PlainThing
	b.looking.ask(func(ctx context.Context) (err error) {
		found, err = b.s.w.engine.PlainThings(ctx, "")
		return err
	}, func(err error) {
		switch {
		case err != nil:
			p := problemOf(err)
			b.notice.Set(problemTone(p), translated(p.Title), b.s.w.problemText(p), b.s.w.detailsButton(p))
		case len(found) == 0:
			b.notice.Set(kit.Idle, lang.L("Nothing lies open on your storages"), lang.L("What other programs put there is found when the storage keeps it, or has it among its own files."))
		}
		shown(b.notice.Root, err != nil || len(found) == 0)
		taken := map[string]bool{}
		for _, x := range found {
			src := x.PlainSource
			src.Name = freeOf(taken, plainName(x))
			b.add(syncer.BringPart{Kind: syncer.BringPlain, Plain: src, Bytes: x.Size}, false)
		}
		b.page.Refresh()
	})
}

// plainName is a name that a folder can have.
func plainName(x syncer.PlainThing) string {
	if x.Name == "" {
		return ""
	}
	return baseName(x.Name)
}

// freeOf is a name that is not taken yet, and takes it; two things of one name are two folders.
func freeOf(taken map[string]bool, name string) string {
	if name == "" {
		return ""
	}
	free := name
	for i := 2; taken[free]; i++ {
		free = lang.L("{{.Name}} ({{.Number}})", values{"Name": name, "Number": i})
	}
	taken[free] = true
	return free
}

// chooseMove asks which storage makes room, and where the backup goes.
func (b *bringPage) chooseMove() {
	b.chooseStorage(lang.L("Which storage should it replace?"), b.moveFrom)
}

// chooseStorage asks for a storage where there are several.
func (b *bringPage) chooseStorage(title string, chosen func(name string)) {
	all := b.s.now.Storages
	switch len(all) {
	case 0:
		b.s.w.Tell(errNoStorage)
	case 1:
		chosen(all[0].Name)
	default:
		b.chooseOne(title, len(all), func(i int) kit.OptionData {
			return kit.OptionData{Icon: storageGlyph(all[i]), Tone: kit.Accent, Title: kit.Shown(all[i].Name), Detail: holdsWords(all[i], b.s.now)}
		}, func(i int) { chosen(all[i].Name) })
	}
}

// optionsSeen is how many options the smallest window has room for; a longer list scrolls.
const optionsSeen = 5

// atMost is a list of so many things that are about as high as each other, of which that many are seen at once; the others are
// scrolled to. The ring around what has the keyboard stands off, and would be cut.
func atMost(seen, number int, list fyne.CanvasObject) fyne.CanvasObject {
	if number <= seen {
		return list
	}
	return kit.Fixed(0, list.MinSize().Height/float32(number)*float32(seen), container.NewVScroll(kit.PadEach(4, 4, 4, 10, list)))
}

// chooseOne asks for one of so many.
func (b *bringPage) chooseOne(title string, number int, data func(i int) kit.OptionData, chosen func(i int)) {
	var d *kit.Dialog
	options := kit.VBox(8)
	for i := range number {
		options.Add(kit.NewOption(data(i), func() {
			d.Close()
			chosen(i)
		}))
	}
	d = kit.NewDialog(title, atMost(optionsSeen, number, options), kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }))
	b.s.w.dialog(d)
}

var (
	errNoStorage = errors.New("there is no storage that could be moved")
	errNoVersion = fmt.Errorf("%w: nothing was saved yet that could lie open", syncer.ErrUsage)
)

// chooseOpen asks which folder lies open from then on, and where; and says what that means before it is on the list.
func (b *bringPage) chooseOpen() {
	var kept []syncer.FolderStatus
	for _, f := range b.s.now.Folders {
		if f.Snapshot != "" {
			kept = append(kept, f)
		}
	}
	if len(kept) == 0 {
		b.s.w.Tell(errNoVersion)
		return
	}
	b.chooseOne(lang.L("Which folder shall lie open?"), len(kept), func(i int) kit.OptionData {
		f := kept[i]
		return kit.OptionData{Icon: "folder", Tone: kit.Accent, Title: baseName(f.Path), Detail: facts(kit.Shown(f.Path), files(f.Files), size(f.Bytes))}
	}, func(i int) {
		b.chooseStorage(lang.L("On which storage?"), func(name string) { b.warnOfOpen(kept[i].Path, name) })
	})
}

func (b *bringPage) warnOfOpen(dir, storage string) {
	var d *kit.Dialog
	text := lang.L(
		"Whoever reaches {{.Storage}} can read {{.Folder}} then, without your words, and so may others where that storage is not for you alone. What somebody copied cannot be called back. Your backup itself stays encrypted.",
		values{"Storage": kit.Shown(storage), "Folder": baseName(dir)},
	)
	d = kit.NewDialog(lang.L("Others will be able to read it"), kit.NewParagraph(text).Secondary(),
		kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }),
		kit.NewButton(kit.Danger, "", lang.L("That is what I want"), func() {
			d.Close()
			b.add(syncer.BringPart{Kind: syncer.BringOpen, Path: dir, Open: &syncer.OpenWish{Storage: storage}}, true)
		}))
	b.s.w.dialog(d)
}

func (b *bringPage) moveFrom(name string) {
	here := slices.ContainsFunc(b.s.now.Storages, func(x syncer.StorageStatus) bool { return x.Dir != "" })
	b.s.choose(newOneMore(b.s.w, oneMore{here: here, boxes: boxesOf(b.s.now.Storages), leave: b.s.showBring, chosen: func(how syncer.SetupOptions) {
		how.NodeName = b.s.freeName(how.NodeName)
		b.s.showBring()
		b.add(syncer.BringPart{Kind: syncer.BringMove, From: name, To: how}, true)
	}}))
}

// bringDoor leads from the storages to the page.
func bringDoor(open func()) fyne.CanvasObject {
	return container.NewStack(door("archive", lang.L("Bring in what you already have"),
		lang.L("Folders, backups of other programs, open files on a storage, a copy on a disk; or move everything to a new storage."), open))
}
