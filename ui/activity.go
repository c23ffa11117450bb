package ui

import (
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// activityScreen is the screen of what happened: all of it, what went wrong, and what is not saved now, with why.
type activityScreen struct {
	w    *Window
	top  *fyne.Container
	tabs *kit.Choice
	body *fyne.Container // holds one of the views
	wait *fyne.Container

	log   *fyne.Container // the view of the list
	table *kit.Table
	older *kit.Button
	one   *activityView
	lacks *notSavedView

	loading question
	all     []syncer.Activity // as told, newest first
	rows    []syncer.Activity // of all, those that the tab shows
	limit   int               // how many were asked for; 0: all
	loaded  bool
	failed  bool             // the last answer was an error
	newest  syncer.Activity  // of the value that was drawn when all was asked for
	open    *syncer.Activity // that is looked at; nil: the list
	day     time.Time        // that the times are told from
	now     Now
}

// The tabs of the screen.
const (
	tabAll = iota
	tabProblems
	tabNotSaved
)

// manyActivities is how many are listed before somebody asks for older ones.
const manyActivities = 1000

func newActivityScreen(w *Window) *activityScreen {
	a := &activityScreen{w: w, loading: question{w: w}, body: container.NewStack(), limit: manyActivities, wait: waiting(lang.L("Looking for what happened…"))}
	a.tabs = kit.NewTabs(lang.L("All"), lang.L("Problems"), lang.L("Not saved"))
	a.tabs.OnChanged = func(int) { a.open = nil; a.show() }
	a.table = kit.NewTable(lang.L("What happened"), []kit.Column{
		{Title: lang.L("What happened"), Weight: 6},
		{Title: lang.L("Storage"), Weight: 3, Muted: true},
		{Title: lang.L("When"), Weight: 3, Align: fyne.TextAlignTrailing, Muted: true},
	}, func() int { return len(a.rows) }, a.cell)
	a.table.OnSelect = a.choose
	a.table.OnOpen = a.choose
	a.older = kit.NewButton(kit.Quiet, "", lang.L("Show older ones too"), func() { a.limit = 0; a.load() })
	a.log = kit.Stretch(8, 0, a.table.Root, kit.HBox(0, a.older))
	a.one = newActivityView(w, a.back)
	a.lacks = newNotSavedView(w)
	head := kit.VBox(10, kit.Title(lang.L("Activity")).Clipped(), a.tabs.Root)
	a.top = container.NewStack(kit.NewBox(kit.ColourPage, "", 0), kit.Pad(kit.PageInset, kit.Stretch(kit.Gap, 1, head, kit.Card(a.body))))
	a.view(a.wait)
	return a
}

func (a *activityScreen) root() fyne.CanvasObject { return a.top }

// draw asks again when something new happened.
func (a *activityScreen) draw(now Now) {
	was := a.now
	a.now = now
	if daysBetween(a.day, at(now)) != 0 {
		a.day = at(now)
		a.table.Refresh()
	}
	a.one.now, a.lacks.now = now, now
	if a.tabs.Chosen() == tabNotSaved {
		if was.At.IsZero() != now.At.IsZero() || !now.Saved.Equal(was.Saved) || now.State != was.State || !reflect.DeepEqual(counts(was), counts(now)) {
			a.lacks.load()
		}
		return
	}
	a.loadNews()
}

// loadNews asks again when something new happened.
func (a *activityScreen) loadNews() {
	if newest := newestActivity(a.now); !a.loading.asking() && (!a.loaded && !a.failed || !reflect.DeepEqual(newest, a.newest)) {
		a.load()
	}
}

// at is when a value was so.
func at(now Now) time.Time {
	if now.At.IsZero() {
		return time.Now()
	}
	return now.At
}

func newestActivity(now Now) syncer.Activity {
	if len(now.Activity) == 0 {
		return syncer.Activity{}
	}
	return now.Activity[0]
}

// counts is how many files the newest version of each folder lacks.
func counts(now Now) (all []int64) {
	for _, f := range now.Folders {
		all = append(all, f.Skipped)
	}
	return all
}

func (a *activityScreen) view(o fyne.CanvasObject) {
	if len(a.body.Objects) == 1 && a.body.Objects[0] == o {
		return
	}
	a.body.Objects = []fyne.CanvasObject{o}
	a.body.Refresh()
}

// load asks what happened.
func (a *activityScreen) load() {
	a.newest, a.failed = newestActivity(a.now), false
	limit := a.limit
	var all []syncer.Activity
	a.loading.ask(func(ctx context.Context) (err error) {
		all, err = a.w.engine.Activity(ctx, limit)
		return err
	}, func(err error) {
		if a.failed = err != nil; a.failed {
			if !a.loaded && a.tabs.Chosen() != tabNotSaved {
				a.view(a.w.failure(err, func() { a.view(a.wait); a.load() }))
			} else {
				a.w.tell(problemOf(err), a.load)
			}
			return
		}
		a.all, a.loaded = all, true
		a.show()
	})
}

// show draws what the tab is about.
func (a *activityScreen) show() {
	if a.tabs.Chosen() == tabNotSaved {
		a.view(a.lacks.root)
		a.lacks.load()
		return
	}
	a.loadNews()
	if !a.loaded {
		if !a.failed {
			a.view(a.wait)
		}
		return
	}
	a.rows = a.all
	if a.tabs.Chosen() == tabProblems {
		a.rows = nil
		for _, x := range a.all {
			if wentWrong(x) {
				a.rows = append(a.rows, x)
			}
		}
	}
	a.table.Refresh()
	shown(a.older, a.limit > 0 && len(a.all) >= a.limit)
	switch {
	case a.open != nil:
	case len(a.rows) > 0:
		a.view(a.log)
	case len(a.all) > 0:
		a.view(kit.Empty("check", lang.L("Nothing went wrong"), lang.L("As far as this list goes back, everything worked."), nil))
	default:
		a.view(kit.Empty("clock", lang.L("Nothing has happened yet"), lang.L("Every backup and every restore will stand here, with what was not saved and why."), nil))
	}
}

// wentWrong tells whether something of an activity did not work.
func wentWrong(x syncer.Activity) bool {
	return x.Kind == syncer.ActivityProblem || failedFiles(x) > 0
}

func (a *activityScreen) cell(row, column int) kit.Cell {
	x := a.rows[row]
	switch column {
	case 0:
		text, glyph, tone := activityWords(x)
		return kit.Cell{Icon: glyph, Tone: tone, Text: text}
	case 1:
		return kit.Cell{Text: kit.Shown(x.Storage)}
	default:
		return kit.Cell{Text: moment(x.Time, a.day)}
	}
}

func (a *activityScreen) choose(row int) {
	x := a.rows[row]
	a.table.Unselect()
	a.open = &x
	a.one.show(x, a.now)
	a.view(a.one.root)
}

func (a *activityScreen) back() {
	a.open = nil
	a.show()
}

// showNotSaved shows what is not saved now.
func (a *activityScreen) showNotSaved() {
	a.open = nil
	a.tabs.Choose(tabNotSaved)
	a.show()
}

// activityView is one thing that happened, with what was left out of it.
type activityView struct {
	root  *fyne.Container
	w     *Window
	icon  *kit.Icon
	title *kit.Text
	facts *kit.Text
	open  *kit.Button
	again *kit.Button
	ways  *fyne.Container // below: the buttons for all of it
	none  *kit.Paragraph
	list  *leftList
	body  *fyne.Container
	of    syncer.Activity
	now   Now
}

func newActivityView(w *Window, back func()) *activityView {
	v := &activityView{w: w, icon: kit.NewIcon("info", 20, kit.ColourMuted), title: kit.Heading("").Clipped(), facts: kit.Small("").Clipped(), none: kit.NewParagraph("").Secondary(), body: container.NewStack()}
	v.open = kit.NewButton(kit.Secondary, "folder", lang.L("Open folder"), func() {
		dir := v.of.Folder
		w.start(v.open, func(context.Context) error { return openPath(dir) })
	})
	v.again = kit.NewButton(kit.Secondary, "refresh", lang.L("Try again"), v.tryAgain)
	v.list = newLeftList(w, func() Now { return v.now })
	head := kit.Lead(4, kit.Middle(backButton(back)), kit.Lead(10, kit.Middle(v.icon), kit.VBox(2, v.title, v.facts)))
	v.ways = kit.Between(kit.NewBox("", "", 0), kit.HBox(8, v.open, v.again))
	v.root = kit.Stretch(14, 1, head, v.body, v.ways)
	return v
}

func (v *activityView) show(x syncer.Activity, now Now) {
	v.of, v.now = x, now
	text, glyph, tone := activityWords(x)
	v.icon.Set(glyph, tone.Colour())
	v.title.SetText(text)
	var count, storage, bytes string
	switch x.Kind {
	case syncer.ActivityBackup:
		count = files(x.Files)
		if x.Bytes > 0 {
			bytes = lang.L("{{.Size}} new", values{"Size": size(x.Bytes)})
		}
		if x.Storage != "" {
			storage = lang.L("to {{.Name}}", values{"Name": kit.Shown(x.Storage)})
		}
	case syncer.ActivityRestore:
		count, bytes = files(x.Files), size(x.Bytes)
		if x.Storage != "" {
			storage = lang.L("from {{.Name}}", values{"Name": kit.Shown(x.Storage)})
		}
	}
	v.facts.SetText(facts(moment(x.Time, at(now)), count, bytes, storage))
	shown(v.open, filepath.IsAbs(x.Folder))
	kept := slices.ContainsFunc(now.Folders, func(f syncer.FolderStatus) bool { return f.Path == x.Folder })
	shown(v.again, wentWrong(x) && (kept || x.Kind != syncer.ActivityBackup)) // what was brought in once is not kept
	if len(x.Skipped) == 0 {
		v.none.SetText(lang.L("Nothing was left out."))
		if x.Kind == syncer.ActivityProblem {
			v.none.SetText(translated(x.Text))
		}
		v.body.Objects = []fyne.CanvasObject{kit.VBox(0, v.none)}
	} else {
		lines := make([]leftOut, len(x.Skipped))
		for i, s := range x.Skipped {
			lines[i] = leftOut{folder: x.Folder, of: x.Kind, Skipped: s}
		}
		v.list.set(lines)
		v.body.Objects = []fyne.CanvasObject{v.list.root}
	}
	shown(v.ways, len(x.Skipped) == 0) // each file has its own
	v.root.Refresh()
}

// tryAgain does what did not go well once more.
func (v *activityView) tryAgain() {
	switch v.of.Kind {
	case syncer.ActivityRestore:
		v.w.Show(Restore)
	case syncer.ActivityProblem:
		v.w.start(v.again, v.w.mend)
	default:
		dir := v.of.Folder
		v.w.start(v.again, func(ctx context.Context) error {
			_, err := v.w.engine.Backup(ctx, []string{dir}, nil)
			return err
		})
	}
}

// notSavedView is everything that is not saved now, and why.
type notSavedView struct {
	root *fyne.Container
	w    *Window
	list *leftList

	loading question
	loaded  bool
	now     Now
}

func newNotSavedView(w *Window) *notSavedView {
	v := &notSavedView{w: w, loading: question{w: w}}
	v.list = newLeftList(w, func() Now { return v.now })
	v.root = container.NewStack(waiting(lang.L("One moment")))
	return v
}

func (v *notSavedView) put(o fyne.CanvasObject) {
	if v.root.Objects[0] != o {
		v.root.Objects = []fyne.CanvasObject{o}
	}
	v.root.Refresh()
}

// load asks what is not saved.
func (v *notSavedView) load() {
	var all []syncer.NotSaved
	v.loading.ask(func(ctx context.Context) (err error) {
		all, err = v.w.engine.NotSaved(ctx)
		return err
	}, func(err error) {
		if err != nil {
			if !v.loaded {
				v.put(v.w.failure(err, v.load))
			} else {
				v.w.tell(problemOf(err), v.load)
			}
			return
		}
		v.loaded = true
		var lines []leftOut
		for _, f := range all {
			for _, s := range f.Files {
				lines = append(lines, leftOut{folder: f.Folder, of: syncer.ActivityBackup, Skipped: s})
			}
		}
		// What should have been saved comes first.
		slices.SortStableFunc(lines, func(a, b leftOut) int {
			switch {
			case a.Failed == b.Failed:
				return 0
			case a.Failed:
				return -1
			}
			return 1
		})
		if len(lines) == 0 {
			v.put(kit.Empty("shield-check", lang.L("Nothing is missing"), lang.L("Everything in your folders is saved, but for what you left out yourself."), nil))
			return
		}
		v.list.set(lines)
		v.put(v.list.root)
	})
}
