package ui

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// settingsScreen is a list of what can be chosen, each line with how it is now, and a page for each of them. Changes count at
// once; there is nothing to confirm but what takes something away.
type settingsScreen struct {
	w    *Window
	top  *fyne.Container
	page *kit.Page
	open section
	view settingsView // of the open one
	now  Now

	loading question
	values  map[string]syncer.Setting // as they were read last; empty: not yet
	bound   []func()                  // draw the values on the open page
}

// section is a page of the settings: one of the kinds below, of a folder where it is about one.
type section struct {
	kind   sectionKind
	folder string
}

type sectionKind int

const (
	sectionAll sectionKind = iota
	sectionFolders
	sectionFolder
	sectionLeftOut
	sectionKept
	sectionRemoved
	sectionPace
	sectionComputer
	sectionWords
	sectionLetIn
	sectionLost
	sectionNetwork
	sectionAdvanced
	sectionAbout
)

// settingsView is what a page shows.
type settingsView struct {
	title string
	lead  string // below the title; "" for none
	body  []fyne.CanvasObject
	draw  func(Now) // nil is allowed
	left  func()    // the page is shown no more; nil is allowed
}

func newSettings(w *Window) *settingsScreen {
	s := &settingsScreen{w: w, loading: question{w: w}, top: container.NewStack()}
	s.view = settingsView{}
	return s
}

// root is made when it is first seen: most people never look at the settings.
func (s *settingsScreen) root() fyne.CanvasObject { return s.top }

func (s *settingsScreen) draw(now Now) {
	s.now = now
	if s.page == nil {
		s.show(s.open)
		return
	}
	if s.view.draw != nil {
		s.view.draw(now)
	}
}

// show opens a page, or draws it anew.
func (s *settingsScreen) show(open section) {
	if s.view.left != nil {
		s.view.left()
	}
	s.open, s.bound = open, nil
	s.view = s.make(open)
	title := kit.VBox(4, kit.NewParagraph(s.view.title).AsTitle())
	if s.view.lead != "" {
		title.Add(kit.NewParagraph(s.view.lead).Secondary())
	}
	content := kit.VBox(kit.Gap)
	if open.kind != sectionAll {
		back := section{}
		label := lang.L("Settings")
		if open.kind == sectionFolder {
			back.kind, label = sectionFolders, lang.L("Folders")
		}
		if open.kind == sectionRemoved {
			back.kind, label = sectionKept, lang.L("What is kept")
		}
		button := kit.NewButton(kit.Quiet, "chevron-left", label, func() { s.show(back) }).
			Spoken(lang.L("Back to {{.Place}}", values{"Place": label}))
		content.Add(kit.PadEach(-6, -8, -6, 0, kit.HBox(0, button)))
	}
	content.Add(title)
	for _, o := range s.view.body {
		content.Add(o)
	}
	s.page = kit.NewPage(kit.Narrow(760, content))
	s.top.Objects = []fyne.CanvasObject{s.page.Root}
	s.top.Refresh()
	if s.view.draw != nil {
		s.view.draw(s.now)
	}
	s.drawValues()
	s.load()
}

func (s *settingsScreen) make(open section) settingsView {
	switch open.kind {
	case sectionFolders:
		return s.foldersView()
	case sectionFolder:
		return s.folderView(open.folder)
	case sectionLeftOut:
		return s.leftOutView()
	case sectionKept:
		return s.keptView()
	case sectionRemoved:
		return s.removedView()
	case sectionPace:
		return s.paceView()
	case sectionComputer:
		return s.computerView()
	case sectionWords:
		return s.wordsView()
	case sectionLetIn:
		return s.letInView()
	case sectionLost:
		return s.lostView()
	case sectionNetwork:
		return s.networkView()
	case sectionAdvanced:
		return s.advancedView()
	case sectionAbout:
		return s.aboutView()
	default:
		return s.allView()
	}
}

// load reads the settings and draws them.
func (s *settingsScreen) load() {
	var all []syncer.Setting
	s.loading.ask(func(ctx context.Context) (err error) {
		all, err = s.w.engine.Settings(ctx)
		return err
	}, func(err error) {
		if err != nil {
			s.w.Tell(err)
			return
		}
		s.values = make(map[string]syncer.Setting, len(all))
		for _, x := range all {
			s.values[x.Key] = x
		}
		s.drawValues()
	})
}

func (s *settingsScreen) drawValues() {
	if len(s.values) == 0 {
		return
	}
	for _, draw := range s.bound {
		draw()
	}
	s.refresh()
}

// refresh lays the page out again.
func (s *settingsScreen) refresh() {
	if s.page != nil {
		s.page.Refresh()
	}
}

// value is a setting as it is now; "" while that is not known.
func (s *settingsScreen) value(key string) string { return s.values[key].Value }

// set changes a setting; done is told how that went and may be nil: then an error is told in the window.
func (s *settingsScreen) set(key, value string, done func(error)) {
	s.change(map[string]string{key: value}, done)
}

func (s *settingsScreen) change(all map[string]string, done func(error)) {
	s.w.do(func(ctx context.Context) error { return s.w.engine.SetAll(ctx, all) }, func(err error) {
		switch {
		case done != nil:
			done(err)
		case err != nil:
			s.w.Tell(err)
		}
		s.load()
	})
}

// told is what a page says below what was done, with a way to undo it.
func (w *Window) toldDone(text string, undo func(context.Context) error, undone func()) {
	var dismiss func()
	var back *kit.Button
	back = kit.NewButton(kit.Quiet, "", lang.L("Undo"), func() {
		back.Disable()
		w.do(undo, func(err error) {
			dismiss()
			if err != nil {
				w.Tell(err)
			}
			undone()
		})
	}).Spoken(lang.L("Undo: {{.What}}", values{"What": text}))
	closed := kit.NewButton(kit.Quiet, "close", "", func() { dismiss() }).Spoken(lang.L("Close this message"))
	dismiss = w.toasts.Show(kit.Good, text, back, closed)
}

// allView is the list of all pages.
func (s *settingsScreen) allView() settingsView {
	lines := make(map[sectionKind]*kit.Row)
	group := func(kinds ...sectionKind) fyne.CanvasObject {
		box := kit.VBox(2)
		for _, kind := range kinds {
			lines[kind] = kit.NewRow(kit.RowData{}, func() { s.show(section{kind: kind}) })
			box.Add(lines[kind])
		}
		return container.NewStack(kit.NewBox(kit.ColourSurface, kit.ColourOutline, 14), kit.PadXY(8, 8, box))
	}
	body := []fyne.CanvasObject{
		group(sectionFolders, sectionLeftOut, sectionKept, sectionPace),
		group(sectionWords, sectionLetIn, sectionLost, sectionNetwork),
		group(sectionComputer, sectionAdvanced, sectionAbout),
	}
	draw := func() {
		for kind, row := range lines {
			row.Set(s.line(kind))
		}
	}
	draw()
	s.bound = append(s.bound, draw)
	return settingsView{title: lang.L("Settings"), body: body, draw: func(Now) { draw() }}
}

// line is a page in the list of all.
func (s *settingsScreen) line(kind sectionKind) kit.RowData {
	d := kit.RowData{IconTone: kit.Accent}
	switch kind {
	case sectionFolders:
		d.Icon, d.Title = "folder", lang.L("Folders")
		d.Detail = lang.N("{{.Number}} folders are kept", len(s.now.Folders), values{"Number": number(int64(len(s.now.Folders)))})
	case sectionLeftOut:
		d.Icon, d.Title, d.Detail = "archive", lang.L("What is left out"), s.leftOutWords()
	case sectionKept:
		d.Icon, d.Title, d.Detail = "calendar", lang.L("What is kept"), lang.L("How long older versions stay, and those that were removed.")
	case sectionPace:
		d.Icon, d.Title, d.Detail = "clock", lang.L("When and how fast"), s.paceWords()
	case sectionWords:
		d.Icon, d.Title, d.Detail = "key", lang.L("Recovery words"), lang.L("Show them, print the sheet again, check that you have them.")
		if s.now.WordsDue {
			d.Chip, d.Tone = lang.L("Check them"), kit.Warn
		}
	case sectionLetIn:
		d.Icon, d.Title, d.Detail = "plus", lang.L("Add a device"), lang.L("Let another computer into this backup, without typing the words there.")
	case sectionLost:
		d.Icon, d.Title, d.Detail = "device", lang.L("A device is lost"), lang.L("What to do when a computer is gone, or in other hands.")
	case sectionNetwork:
		d.Icon, d.Title, d.Detail = "globe", lang.L("Who can find your storage"), lang.L("What strangers see of it, and a family network of storages.")
	case sectionComputer:
		d.Icon, d.Title, d.Detail = "computer", lang.L("On this computer"), lang.L("Language, colours, messages, start at log-in.")
	case sectionAdvanced:
		d.Icon, d.Title, d.Detail = "settings", lang.L("Advanced"), lang.L("Roost's own folder, its log, a report for who helps you.")
	default:
		d.Icon, d.Title, d.Detail = "info", lang.L("About Roost"), lang.L("Version, licence, how your backup is stored.")
	}
	return d
}

// keysWith are the settings whose names begin so, in their order.
func (s *settingsScreen) keysWith(prefix string) (keys []string) {
	for key := range s.values {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
