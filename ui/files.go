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

// filesScreen is the screen of everything that is kept: by folder, by date, or what a search found; one file with its
// versions; and how two versions differ.
type filesScreen struct {
	w      *Window
	top    *fyne.Container
	body   *fyne.Container // holds one of the views
	search *kit.Field
	notice *kit.Notice // what went wrong with the list of versions, or that it may not be whole
	empty  *fyne.Container
	wait   *fyne.Container

	browse  *fyne.Container // the view of folders: left and listing
	tabs    *kit.Choice
	left    *fyne.Container
	tree    *filesTree
	dates   *datesTable
	listing *listing
	hits    *searchView
	file    *fileView
	changes *changesView

	loading  question
	known    timeline
	loaded   bool      // known was told by the engine
	loadedAt time.Time // Saved of the value that was drawn when the versions were asked for
	askedIn  string    // State of that value
	now      Now
}

func newFiles(w *Window) *filesScreen {
	f := &filesScreen{w: w, loading: question{w: w}, body: container.NewStack()}
	f.search = kit.NewField(lang.L("Search every version"), lang.L("A part of the name"), "")
	f.search.OnEnter = func() { f.find(f.search.Text()) }
	f.notice = kit.NewNotice(kit.Warn, "", "")
	f.notice.Root.Hide()
	f.empty = kit.Empty("folder", lang.L("Nothing is kept yet"),
		lang.L("After the first backup, every folder that is kept can be looked through here, as it was on any day."), nil)
	f.wait = waiting(lang.L("Looking for what is kept…"))
	f.listing = newListing(w, f.openFile)
	f.listing.compare = f.compareVersion
	f.tree = newFilesTree(w, f.listing.show)
	f.dates = newDatesTable(w, func(v syncer.Version) { f.listing.show(placeOf(v)) })
	f.hits = newSearchView(w, f.back, f.openFile)
	f.file = newFileView(w, f.back, f.openFolder)
	f.changes = newChangesView(w, f.back)
	f.left = container.NewStack(f.tree.root)
	f.tabs = kit.NewTabs(lang.L("By folder"), lang.L("By date"))
	f.tabs.OnChanged = func(i int) {
		f.left.Objects = []fyne.CanvasObject{f.tree.root}
		if i == 1 {
			f.left.Objects = []fyne.CanvasObject{f.dates.root}
		}
		f.left.Refresh()
	}
	f.browse = kit.Split(kit.Stretch(10, 1, f.tabs.Root, f.left), f.listing.root)
	head := kit.Between(kit.Title(lang.L("Files")).Clipped(), kit.Fixed(250, f.search.Root.MinSize().Height, f.search.Root))
	f.top = container.NewStack(kit.NewBox(kit.ColourPage, "", 0), kit.Pad(kit.PageInset,
		kit.Stretch(kit.Gap, 2, head, f.notice.Root, kit.Card(f.body))))
	f.view(f.wait)
	return f
}

// waiting stands where an answer will be.
func waiting(text string) *fyne.Container {
	return container.NewCenter(kit.VBox(10, container.NewCenter(kit.NewIcon("clock", 24, kit.ColourMuted)), kit.Muted(text)))
}

func (f *filesScreen) root() fyne.CanvasObject { return f.top }

// draw asks for the versions again when something new was saved.
func (f *filesScreen) draw(now Now) {
	f.now = now
	for _, part := range []homePart{f.listing, f.dates, f.hits, f.file, f.changes} {
		part.draw(now)
	}
	told := f.notice.Root.Visible() // that it went wrong, or that the storage was not there
	if !f.loading.asking() && (!f.loaded && !told || told && now.State != f.askedIn || !now.Saved.Equal(f.loadedAt)) {
		f.load()
	}
}

// load asks what is kept.
func (f *filesScreen) load() {
	f.loadedAt, f.askedIn = f.now.Saved, f.now.State
	var versions []syncer.Version
	var stale bool
	f.loading.ask(func(ctx context.Context) (err error) {
		versions, stale, err = f.w.engine.Snapshots(ctx, "")
		return err
	}, func(err error) { f.got(newTimeline(versions, stale), err) })
}

func (f *filesScreen) got(known timeline, err error) {
	switch {
	case err != nil:
		f.tell(kit.Warn, problemOf(err))
		if !f.loaded {
			f.view(f.empty)
			f.empty.Hide() // nobody knows whether there is nothing
		}
		return
	case known.stale:
		f.notice.Set(kit.Accent, lang.L("Your storage does not answer"),
			lang.L("This is what was known when it did. Files can be looked at and restored when it answers again."), f.again())
		shown(f.notice.Root, true)
	default:
		shown(f.notice.Root, false)
	}
	first := !f.loaded
	f.known, f.loaded = known, true
	f.listing.known, f.hits.known, f.file.known, f.changes.known = known, known, known, known
	f.listing.drawHead()
	f.tree.set(known)
	f.dates.set(known.versions)
	switch {
	case len(known.versions) == 0:
		shown(f.empty, true)
		f.view(f.empty)
	case first || f.showing(f.wait) || f.showing(f.empty):
		f.view(f.browse)
		if f.listing.at.version == "" {
			f.listing.show(known.folders[0])
		}
	default:
		f.followed()
	}
	f.top.Refresh()
}

// followed shows the newest version of a folder where the one that was looked at is not in the list any more.
func (f *filesScreen) followed() {
	at := f.listing.at
	if _, there := f.known.find(at.version); there {
		return
	}
	next := f.known.folders[0]
	for _, p := range f.known.folders {
		if p.folder == at.folder && p.device == at.device {
			next = p
		}
	}
	if f.showing(f.file.root) || f.showing(f.changes.root) {
		f.back()
	}
	f.listing.show(next)
}

// tell shows above everything what went wrong, with a way to try again.
func (f *filesScreen) tell(tone kit.Tone, p syncer.Problem) {
	f.notice.Set(tone, translated(p.Title), problemText(p), f.w.detailsButton(p), f.again())
	shown(f.notice.Root, true)
	f.top.Refresh()
}

func (f *filesScreen) again() *kit.Button {
	return kit.NewButton(kit.Secondary, "refresh", lang.L("Try again"), func() { shown(f.notice.Root, false); f.load(); f.top.Refresh() })
}

func (f *filesScreen) view(o fyne.CanvasObject) {
	f.body.Objects = []fyne.CanvasObject{o}
	f.body.Refresh()
}

func (f *filesScreen) showing(o fyne.CanvasObject) bool { return f.body.Objects[0] == o }

// back returns to the folders, or from a file to what was found.
func (f *filesScreen) back() {
	if f.showing(f.file.root) && f.hits.asked != "" {
		f.view(f.hits.root)
		return
	}
	f.hits.leave()
	f.file.leave()
	f.changes.leave()
	f.search.SetText("")
	if !f.loaded {
		f.view(f.wait)
		return
	}
	if len(f.known.versions) == 0 {
		f.view(f.empty)
		return
	}
	f.view(f.browse)
}

// find shows every version of what is called like that.
func (f *filesScreen) find(pattern string) {
	if pattern == "" {
		f.back()
		return
	}
	f.view(f.hits.root)
	f.hits.find(pattern)
}

// lost is where somebody begins who lost a file.
func (f *filesScreen) lost() {
	f.w.Show(Files)
	f.back()
	f.search.Focus()
}

func (f *filesScreen) openFile(p place) {
	f.view(f.file.root)
	f.file.show(p)
}

// openFolder looks into a folder, wherever it was found.
func (f *filesScreen) openFolder(p place) {
	f.view(f.browse)
	f.listing.show(p)
}

// compareVersion shows what became different with a version, since the one before it.
func (f *filesScreen) compareVersion(p place) {
	f.view(f.changes.root)
	f.changes.since(p)
}
