package ui

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// fileView is one file: a look into it, and what it was over all versions.
type fileView struct {
	root     *fyne.Container
	w        *Window
	isFolder func(place) // told when it is none, which a search does not know
	title    *kit.Text
	where    *kit.Text
	folder   *kit.Button
	copied   *kit.Button
	details  *kit.Button
	forget   *kit.Button
	look     *fyne.Container // the preview
	table    *kit.Table
	past     *fyne.Container // the versions
	gone     *kit.Text       // says that the newest version lacks it

	looking  question
	history  question
	known    timeline
	at       place
	editions []syncer.Edition
	shown    int // which of them is looked at; -1 when that is not known
	day      time.Time
}

func newFileView(w *Window, back func(), isFolder func(place)) *fileView {
	f := &fileView{
		w: w, isFolder: isFolder, looking: question{w: w}, history: question{w: w}, title: kit.Heading("").Clipped(), where: kit.Small("").Clipped(),
		look: container.NewStack(), past: container.NewStack(),
	}
	f.details = kit.NewButton(kit.Quiet, "", lang.L("Details"), f.showDetails)
	f.folder = kit.NewButton(kit.Quiet, "", lang.L("Show in folder"), f.showInFolder)
	f.forget = kit.NewButton(kit.Quiet, "", lang.L("Forget…"), func() { w.askForgetPaths(f.at, []string{f.at.path}) })
	f.copied = kit.NewButton(kit.Secondary, "eye", lang.L("Open a copy"), f.openCopy)
	bring := kit.NewButton(kit.Primary, "restore", lang.L("Restore…"), f.restore)
	f.table = kit.NewTable(lang.L("Versions of this file, newest first"), []kit.Column{
		{Title: lang.L("Kept"), Weight: 5},
		{Title: lang.L("Size"), Weight: 3, Align: fyne.TextAlignTrailing, Muted: true},
		{Title: lang.L("Difference"), Weight: 3, Align: fyne.TextAlignTrailing, Muted: true},
	}, func() int { return len(f.editions) }, f.cell)
	f.table.OnSelect = f.choose
	f.table.OnOpen = f.choose
	f.gone = kit.Small(lang.L("It is not in the newest version: it was deleted or moved.")).Clipped()
	f.gone.Hide()
	head := kit.Lead(4, kit.Middle(backButton(back)), kit.Between(kit.VBox(2, f.title, f.where), kit.HBox(8, f.copied, bring)))
	f.root = kit.Stretch(12, 1, head, kit.Columns(kit.Gap, []float32{1, 1}, f.look,
		kit.Stretch(6, 2, kit.Strong(lang.L("Versions of this file")).Clipped(), f.gone, f.past)), kit.HBox(4, f.folder, f.details, f.forget))
	return f
}

func (f *fileView) draw(now Now) {
	at := now.At
	if at.IsZero() {
		at = time.Now()
	}
	if daysBetween(f.day, at) != 0 {
		f.day = at
		f.table.Refresh()
	}
}

func (f *fileView) leave() {
	f.looking.drop()
	f.history.drop()
}

// show shows a file as of one version.
func (f *fileView) show(p place) {
	f.editions = nil
	f.lookAt(p)
	f.askHistory(p)
}

// lookAt shows what a version of the file holds.
func (f *fileView) lookAt(p place) {
	f.at = p
	shown(f.forget, f.w.ownPlace(p))
	f.title.SetText(p.name())
	where := baseName(p.folder)
	if up := p.up(); up.path != "" {
		where += " › " + strings.ReplaceAll(kit.Shown(up.path), "/", " › ")
	}
	f.where.SetText(facts(where, moment(p.at, f.day), kit.Shown(p.device)))
	f.put(f.look, waiting(lang.L("One moment")))
	var got preview
	var folder bool
	f.looking.ask(func(ctx context.Context) error {
		limit := previewLimit(p.path)
		data, err := f.w.engine.Preview(ctx, p.version, p.path, limit)
		if err == nil {
			whole := int64(len(data))
			if whole == limit {
				whole++ // it may go on
			}
			got = readPreview(data, whole)
		} else if problemOf(err).Code == "usage" {
			_, other := f.w.engine.Children(ctx, p.version, p.path)
			folder = other == nil
		}
		return err
	}, func(err error) {
		if folder {
			f.leave()
			f.isFolder(p)
			return
		}
		f.gotPreview(got, err)
	})
}

func (f *fileView) put(box *fyne.Container, o fyne.CanvasObject) {
	box.Objects = []fyne.CanvasObject{o}
	box.Refresh()
	f.root.Refresh()
}

func (f *fileView) gotPreview(p preview, err error) {
	switch {
	case err != nil:
		if problemOf(err).Code == "usage" { // a link
			f.copied.Disable()
			f.put(f.look, kit.Empty("info", lang.L("There is no preview"), lang.L("It can be restored like everything else."), nil))
			return
		}
		f.put(f.look, f.w.failure(err, func() { f.lookAt(f.at) }))
		return
	case p.picture != nil:
		picture := canvas.NewImageFromImage(p.picture)
		picture.FillMode = canvas.ImageFillContain
		picture.ScaleMode = canvas.ImageScaleSmooth
		f.put(f.look, picture)
	case p.text != "":
		text := kit.NewParagraph(p.text)
		page := kit.VBox(8, text)
		if p.cut {
			page.Add(kit.NewParagraph(lang.L("It goes on. Open a copy to read all of it.")).Secondary())
		}
		scroll := container.NewVScroll(kit.Pad(14, page))
		f.put(f.look, container.NewStack(kit.NewBox(kit.ColourPage, kit.ColourOutline, 10), scroll))
	default:
		f.put(f.look, kit.Empty(glyphOf(f.at.path), lang.L("There is no preview"), lang.L("Open a copy to look at it with the program that it belongs to."), nil))
	}
	f.copied.Enable()
}

func (f *fileView) askHistory(p place) {
	f.put(f.past, waiting(lang.L("One moment")))
	var got []syncer.Edition
	f.history.ask(func(ctx context.Context) (err error) {
		got, err = f.w.engine.History(ctx, p.version, p.path)
		return err
	}, func(err error) {
		f.editions = got
		f.shown = -1
		f.table.Unselect()
		f.table.Refresh()
		f.mark()
		shown(f.gone, err == nil && !slices.ContainsFunc(got, func(x syncer.Edition) bool { return x.Newest }))
		switch {
		case err != nil && len(got) > 0:
			f.put(f.past, kit.Stretch(8, 1, f.w.partly(err), f.table.Root))
		case err != nil:
			f.put(f.past, f.w.failure(err, func() { f.askHistory(p) }))
		default:
			f.put(f.past, f.table.Root)
		}
	})
}

// mark selects the version that is looked at.
func (f *fileView) mark() {
	i := slices.IndexFunc(f.editions, func(x syncer.Edition) bool {
		return x.Device == f.at.device && !f.at.at.Before(x.First) && !f.at.at.After(x.Last)
	})
	if i >= 0 {
		f.shown = i
		f.table.Select(i)
	}
}

// choose looks at another version.
func (f *fileView) choose(row int) {
	if row == f.shown {
		return
	}
	f.shown = row
	x := f.editions[row]
	f.lookAt(place{version: x.Snapshot.String(), folder: x.Folder, device: x.Device, at: x.Last, path: x.Item.Path})
}

func (f *fileView) cell(row, column int) kit.Cell {
	x := f.editions[row]
	switch column {
	case 0:
		return kit.Cell{Text: moment(x.First, f.day)} // since then it was so
	case 1:
		return kit.Cell{Text: size(x.Item.Size)}
	default:
		older := slices.IndexFunc(f.editions[row+1:], func(o syncer.Edition) bool { return o.Device == x.Device && o.Folder == x.Folder })
		if older < 0 {
			return kit.Cell{}
		}
		return kit.Cell{Text: growth(f.editions[row+1+older].Item.Size, x.Item.Size)}
	}
}

func (f *fileView) restore() {
	f.w.askRestore(wish{
		title: lang.L("Restore {{.Name}}", values{"Name": f.at.name()}),
		parts: []syncer.RestoreOptions{{Snapshot: f.at.version, Paths: []string{f.at.path}}},
	})
}

// openCopy shows the file in the program that it belongs to, as a copy that changes nothing.
func (f *fileView) openCopy() {
	p := f.at
	f.w.start(f.copied, func(ctx context.Context) error {
		to, err := f.w.copies.place(p.path)
		if err != nil {
			return err
		}
		if err := f.w.engine.ReadOnlyCopy(ctx, p.version, p.path, to); err != nil {
			return err
		}
		return openPath(to)
	})
}

// showInFolder opens the folder where the file was, or the nearest one above that is there.
func (f *fileView) showInFolder() {
	dir := filepath.Dir(filepath.Join(f.at.folder, filepath.FromSlash(f.at.path)))
	f.w.start(f.folder, func(context.Context) error { return openNearest(dir) })
}

// showDetails shows what lies behind the file: the one place for the names that the storage knows.
func (f *fileView) showDetails() {
	p := f.at
	var got *syncer.Details
	f.details.Disable()
	f.w.do(func(ctx context.Context) (err error) {
		got, err = f.w.engine.Details(ctx, p.version, p.path)
		return err
	}, func(err error) {
		f.details.Enable()
		if err != nil {
			f.w.tell(problemOf(err))
			return
		}
		f.w.showDetails(p, got)
	})
}
