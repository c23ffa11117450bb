package ui

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"slices"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"roost/assets"
	"roost/syncer"
	"roost/syncer/guide"
	"roost/ui/kit"
	"roost/ui/lang"
)

// Place is one of the window's screens.
type Place int

// The places, in the order of the navigation.
const (
	Home Place = iota
	Files
	Restore
	Storages
	Space
	ActivityLog
	Settings
)

// MinSize is the smallest window that every screen is made for.
var MinSize = fyne.NewSize(900, 600)

// screen is what fills the window beside the navigation.
type screen interface {
	root() fyne.CanvasObject
	draw(Now)
}

// opened is a screen that wants to know when it is shown.
type opened interface{ opened() }

// Window is the frame around the screens: navigation at the left, the open screen beside it. Its methods, but
// for Run, are called on the UI goroutine.
type Window struct {
	engine  Engine
	post    func(func())
	over    fyne.Window
	login   AtLogin
	desktop Desktop
	look    syncer.Look // that the screens were made in
	now     Now
	jobs    chan job
	root    *fyne.Container
	nav     *kit.Nav
	foot    *storageFoot
	toasts  *kit.Toasts
	content *fyne.Container
	places  []Place // that have a screen
	screens map[Place]screen
	open    Place

	engines    chan Engine                   // holds the one to watch, from when there is one
	onboarding *onboarding                   // while the first steps fill the window; nil else
	begun      func()                        // the home can be used now; nil is allowed
	again      func()                        // begins anew with the recovery words; nil where that is not possible
	copies     copies                        // that were made to be looked at
	picked     func(chosen func(dir string)) // asks for a folder; nil: the system's own way
	nearby     Nearby                        // nil: nothing is looked for in the local network
}

// Theme is how everything looks.
func Theme() fyne.Theme { return kit.Theme{} }

// Options make a Window.
type Options struct {
	Engine  Engine       // nil only while Starter has steps left: then Use brings it
	Window  fyne.Window  // that it fills, and shows its dialogs over
	Post    func(func()) // runs a function on the UI goroutine and waits for it: fyne.DoAndWait
	Login   AtLogin      // for the settings; nil where nothing can be started
	Desktop Desktop      // for the settings; nil only where nobody opens them

	Starter Starter // takes a home that is not set up through the first steps; nil: it is set up
	Again   func()  // puts the home aside and begins anew with the recovery words; nil where that is not possible
	Nearby  Nearby  // looks for storages in the local network; nil: nothing is looked for
	Begun   func()  // told on the UI goroutine when Starter has given the home free for an engine; nil is allowed
}

// New fills a window. It shows what it does not know yet as such until Run has told it.
func New(o Options) (*Window, error) {
	if err := loadTranslations(); err != nil {
		return nil, err
	}
	w := newWindow(o)
	w.addScreens()
	w.fill()
	if o.Engine != nil {
		w.Use(o.Engine)
	}
	return w, w.startOnboarding(o)
}

func (w *Window) addScreens() {
	w.add(Home, newHome(w))
	w.add(Files, newFiles(w))
	w.add(Restore, newRestore(w))
	w.add(Storages, newStorages(w))
	w.add(Space, newSpace(w))
	w.add(ActivityLog, newActivityScreen(w))
	w.add(Settings, newSettings(w))
}

func newWindow(o Options) *Window {
	return &Window{
		engine: o.Engine, post: o.Post, over: o.Window, login: o.Login, again: o.Again, nearby: o.Nearby, desktop: o.Desktop, look: worn, jobs: make(chan job, 16), toasts: kit.NewToasts(),
		content: container.NewStack(), screens: make(map[Place]screen), engines: make(chan Engine, 1),
	}
}

// fill makes the frame around the screens that were added, and puts it into the window.
func (w *Window) fill() {
	w.build()
	w.Show(w.places[0])
	w.over.SetContent(w.root)
	w.over.SetPadded(false)
	w.over.SetOnDropped(func(_ fyne.Position, dropped []fyne.URI) {
		if s, ok := w.screens[w.open].(*storagesScreen); ok && s.drop(dropped) {
			return
		}
		w.addDropped(dropped)
	})
}

func (w *Window) add(p Place, s screen) {
	w.places = append(w.places, p)
	w.screens[p] = s
}

func (w *Window) has(p Place) bool { return slices.Contains(w.places, p) }

func (w *Window) build() {
	items := make([]kit.NavItem, len(w.places))
	for i, p := range w.places {
		items[i] = navItem(p)
	}
	w.nav = kit.NewNav(items, func(i int) { w.Show(w.places[i]) })
	w.foot = newStorageFoot()
	nav := kit.VBox(22, logo(), w.nav.Root)
	side := container.NewStack(kit.NewBox(kit.ColourSidebar, "", 0),
		kit.Fixed(226, 0, kit.Pad(16, kit.Stretch(kit.Gap, 0, nav, w.foot.root))))
	w.root = container.NewStack(kit.Lead(0, side, kit.Lead(0, kit.Line(), w.content)), w.toasts.Layer)
}

func navItem(p Place) kit.NavItem {
	switch p {
	case Home:
		return kit.NavItem{Icon: "home", Label: lang.L("Home")}
	case Files:
		return kit.NavItem{Icon: "folder", Label: lang.L("Files")}
	case Restore:
		return kit.NavItem{Icon: "restore", Label: lang.L("Restore")}
	case Storages:
		return kit.NavItem{Icon: "storage", Label: lang.L("Storage")}
	case Space:
		return kit.NavItem{Icon: "chart", Label: lang.L("Space")}
	case ActivityLog:
		return kit.NavItem{Icon: "clock", Label: lang.L("Activity")}
	default:
		return kit.NavItem{Icon: "settings", Label: lang.L("Settings")}
	}
}

// iconPicture is the icon, decoded once: Fyne decodes that of a resource at every refresh of what it is in.
var iconPicture = sync.OnceValue(func() image.Image {
	picture, err := png.Decode(bytes.NewReader(assets.IconPNG256))
	if err != nil {
		panic(fmt.Sprintf("the icon in the program: %v", err)) // it is a part of the build, and a test decodes it
	}
	return picture
})

func logo() fyne.CanvasObject {
	picture := canvas.NewImageFromImage(iconPicture())
	picture.ScaleMode = canvas.ImageScaleSmooth
	return kit.PadXY(4, 2, kit.HBox(10, kit.Fixed(34, 34, picture), kit.Heading("Roost")))
}

// Show opens a place that has a screen.
func (w *Window) Show(p Place) {
	s, ok := w.screens[p]
	if !ok {
		return
	}
	w.open = p
	if o, ok := s.(opened); ok {
		o.opened()
	}
	w.nav.Select(slices.Index(w.places, p))
	s.draw(w.now)
	w.content.Objects = []fyne.CanvasObject{s.root()}
	w.content.Refresh()
}

// Opened is the place that is open.
func (w *Window) Opened() Place { return w.open }

// Now is what was drawn last.
func (w *Window) Now() Now { return w.now }

func (w *Window) draw(now Now) {
	w.now = now
	if w.onboarding != nil {
		w.onboarding.draw(now)
		return
	}
	w.dress(now.Look)
	w.foot.draw(now)
	w.screens[w.open].draw(now)
}

// Use brings the engine of a home that was not set up when the window was made. It is called once.
func (w *Window) Use(e Engine) {
	w.engine = e
	w.engines <- e
}

// Starting tells whether the first steps fill the window.
func (w *Window) Starting() bool { return w.onboarding != nil }

// startOnboarding fills the window with the first steps, where some are left.
func (w *Window) startOnboarding(o Options) error {
	if o.Starter == nil {
		return nil
	}
	stage, err := o.Starter.Stage(context.Background())
	if err != nil || stage == guide.Done {
		return err
	}
	w.onboarding, w.begun = newOnboarding(w, o.Starter), o.Begun
	w.over.SetContent(container.NewStack(w.onboarding.root(), w.toasts.Layer))
	w.over.SetOnDropped(func(_ fyne.Position, dropped []fyne.URI) { w.onboarding.drop(dropped) })
	w.onboarding.begin(stage)
	return nil
}

// Run draws what the engine tells and does what taps ask for, until ctx ends. It is the only way from the
// background to the window; drawn is told each value too, on the UI goroutine, and may be nil.
func (w *Window) Run(ctx context.Context, drawn func(Now)) {
	var work sync.WaitGroup
	defer w.removeCopies()
	defer work.Wait()
	work.Go(func() { w.work(ctx) })
	var e Engine
	select {
	case e = <-w.engines:
	case <-ctx.Done():
		return
	}
	for now := range e.Watch(ctx) {
		w.post(func() {
			w.draw(now)
			if drawn != nil {
				drawn(now)
			}
		})
	}
}

// job is what a tap asks for.
type job struct {
	do   func(context.Context) error
	done func(error) // on the UI goroutine
}

// work runs jobs beside each other until ctx ends, and waits for them.
func (w *Window) work(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-w.jobs:
			running.Go(func() {
				err := j.do(ctx)
				if ctx.Err() == nil {
					w.post(func() { j.done(err) })
				}
			})
		}
	}
}

// start does what a button is for, away from the UI goroutine. The button rests until it is done, and an error is
// shown in the window.
func (w *Window) start(button *kit.Button, do func(context.Context) error) {
	button.Disable()
	w.do(do, func(err error) {
		button.Enable()
		if err != nil {
			w.tell(problemOf(err), func() { w.start(button, do) })
		}
	})
}

// do runs a job. When too many wait already, it says so instead of holding up the window.
func (w *Window) do(do func(context.Context) error, done func(error)) {
	select {
	case w.jobs <- job{do, done}:
	default:
		done(syncer.ErrBusy)
	}
}

// tell shows what went wrong with something that was asked for. Where the same may go well the next time, again does it;
// else the first step that the problem has is offered.
func (w *Window) tell(p syncer.Problem, again ...func()) {
	var dismiss func()
	buttons := []*kit.Button{kit.NewButton(kit.Quiet, "", lang.L("Details"), func() { dismiss(); w.showProblem(p) })}
	switch steps := w.stepsOf(p); {
	case len(again) > 0 && worthAgain(p):
		buttons = append(buttons, kit.NewButton(kit.Quiet, "", lang.L("Try again"), func() { dismiss(); again[0]() }))
	case len(steps) > 0:
		s := steps[0]
		buttons = append(buttons, kit.NewButton(kit.Quiet, "", s.label, func() { dismiss(); w.take(s) }))
	}
	closed := kit.NewButton(kit.Quiet, "close", "", func() { dismiss() }).Spoken(lang.L("Close this message"))
	dismiss = w.toasts.Show(problemTone(p), translated(p.Title), append(buttons, closed)...)
}

// say tells that something went well.
func (w *Window) say(tone kit.Tone, text string) {
	var dismiss func()
	dismiss = w.toasts.Show(tone, text, kit.NewButton(kit.Quiet, "close", "", func() { dismiss() }).Spoken(lang.L("Close this message")))
}

func (w *Window) dialog(d *kit.Dialog) { d.Open(w.over.Canvas()) }

// addDropped keeps the folders that were dropped on the window.
func (w *Window) addDropped(dropped []fyne.URI) {
	var dirs []string
	for _, uri := range dropped {
		if uri.Scheme() == "file" {
			dirs = append(dirs, uri.Path())
		}
	}
	w.addFolders(dirs)
}

func (w *Window) addFolders(dirs []string) {
	if len(dirs) == 0 {
		return
	}
	w.do(func(ctx context.Context) error {
		_, err := w.engine.AddFolders(ctx, dirs)
		return err
	}, func(err error) {
		if err != nil {
			w.Tell(err)
		}
	})
}
