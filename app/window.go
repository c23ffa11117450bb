//go:build !headless

package main

import (
	"context"
	"log"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/systray"

	_ "roost/app/early"
	"roost/assets"
	"roost/syncer"
	"roost/ui"
)

// This is the one file that starts Fyne: the window and the tray around what ui draws.

// hasWindow says whether this Roost can open one.
const hasWindow = true

// openWindow keeps the folders and shows how they are, until somebody quits. When another one shows that already, it is
// brought to the front instead. With --hidden only the tray shows; where there is none, the window does.
func openWindow(ctx context.Context, c *call) (answer, error) {
	if !hasScreen(runtime.GOOS, c.env) {
		return nil, usage(nil, "There is no screen here to open the window on. Every verb works without one.")
	}
	log.SetOutput(os.Stderr) // silent until here, see early
	c.unattended = true
	hidden := c.has("hidden")
	there := c.showRunning
	if hidden {
		there = c.windowRuns
	}
	if there, err := there(ctx); there || err != nil {
		return nil, err
	}
	login, err := c.atLogin()
	if err != nil {
		return nil, err
	}
	first, err := c.firstSteps(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := first.close(); err != nil {
			fyne.LogError("clear up after the first steps", err)
		}
	}()
	attending, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := newShell(attending, cancel, login, first)
	if err == nil {
		s.desktop, err = c.desktop(first.guide.Paper(), s.current.Load)
	}
	if err != nil {
		return nil, err
	}
	c.askFor = first.guide.Passphrase
	var running sync.WaitGroup
	if !hidden || !s.hasTray {
		s.open()
	} else {
		time.AfterFunc(trayPatience, func() { fyne.Do(s.openUnlessTray) })
	}
	running.Go(func() { s.followTrayHost(attending) })
	running.Go(func() { s.calm(attending) })
	running.Go(func() {
		c.attend(attending, attendant{round: first.round, show: func() { fyne.Do(s.open) }, follow: s.follow, cover: s.cover, notify: s.notify})
		s.end(func() int { return c.finish(ctx, nil, s.outcome(ctx)) })
	})
	s.app.Run()
	close(s.ended)
	err = s.outcome(ctx)
	cancel()
	running.Wait()
	s.anew.Wait()
	s.closeBoard()
	return nil, err
}

// outcome is nil when a person quit, and else that a signal ended the app, of which Fyne hears as soon as everybody else.
func (s *shell) outcome(ctx context.Context) error {
	if s.asked.Load() {
		return nil
	}
	select {
	case <-ctx.Done():
		return context.Canceled
	case <-time.After(100 * time.Millisecond):
		return nil
	}
}

// quitPatience is how long Fyne may take to end.
const quitPatience = 2 * time.Second

// end lets Fyne end, once all else has. Should Fyne wait in vain then, the process ends without it: what matters is closed by
// now.
func (s *shell) end(code func() int) {
	select {
	case <-s.ended: // by itself, or because of a signal
		return
	default:
	}
	s.wake()
	fyne.Do(s.app.Driver().Quit) // twice does no harm
	select {
	case <-s.ended:
	case <-time.After(quitPatience):
		os.Exit(code())
	}
}

// trayPatience is how long a start without a window waits for the tray to appear, which may start later at log-in.
const trayPatience = 15 * time.Second

// hasScreen tells whether a window can be opened: Fyne ends the process where it cannot.
func hasScreen(system string, env func(string) string) bool {
	switch system {
	case "windows", "darwin":
		return true
	}
	return env("DISPLAY") != "" || env("WAYLAND_DISPLAY") != ""
}

// shell is the window and the tray. Its fields are used on the UI goroutine only, but for those at the top, which stay as
// they are made.
type shell struct {
	ctx      context.Context // of everything that was started; a window has no call that it belongs to
	stop     func()          // ends ctx, and with it the app
	app      fyne.App
	login    ui.AtLogin
	desktop  thisDesktop
	current  atomic.Pointer[view] // what engine shows, for who is not on the UI goroutine
	first    *firstSteps
	tray     *ui.TrayIcon
	hasTray  bool           // there is a bus to be in a tray on
	ended    chan struct{}  // closed when the UI goroutine runs nothing any more
	anew     sync.WaitGroup // beginnings with the first steps
	drawing  sync.WaitGroup // windows that are being drawn, and what the tray asked for
	quietEnd chan struct{}  // holds one when a hidden app should look at its events at once
	asked    atomic.Bool    // a person quit
	board    *board         // where notices are shown; nil: the toolkit shows them, without a button

	over    fyne.Window    // nil while there is none
	size    fyne.Size      // of the last one
	window  *ui.Window     // what fills it; nil while there is no engine to show
	undraw  func()         // stops drawing it
	engine  *view          // what is shown; nil: covered is
	covered syncer.Problem // why there is no engine; zero: it is not known yet
	inTray  bool           // somebody shows the tray
	asking  func() bool    // whether somebody is asked whether to quit
}

// windowSize is that of the first window.
var windowSize = fyne.NewSize(1180, 780)

func newShell(ctx context.Context, stop func(), login ui.AtLogin, first *firstSteps) (*shell, error) {
	icon := fyne.NewStaticResource("icon.png", assets.IconPNG)
	app.SetMetadata(fyne.AppMetadata{
		ID: appID, Name: "Roost", Version: versionNumber, Icon: icon,
		Migrations: map[string]bool{"fyneDo": true}, // every crossing to the window goes through fyne.Do
	})
	s := &shell{
		ctx: ctx, stop: stop, app: app.New(), login: login, first: first, hasTray: canHaveTray(ctx), ended: make(chan struct{}),
		quietEnd: make(chan struct{}, 1), size: windowSize, undraw: func() {}, asking: func() bool { return false },
	}
	// Fyne 2.8 saves its preferences, of which Roost has none, in an event that it puts off until after its end. When that comes
	// between two of its last steps, it waits for ever or panics.
	if l, ok := s.app.Lifecycle().(interface{ SetOnStoppedHookExecuted(func()) }); ok {
		l.SetOnStoppedHookExecuted(nil)
	}
	if b, err := openBoard(ctx, s.pressed); err == nil { // else there is no bus, or it is another system
		s.board = b
	}
	s.app.SetIcon(icon)
	s.app.Settings().SetTheme(ui.Theme())
	if err := ui.Wear(syncer.LookOf(first.home)); err != nil {
		return nil, err
	}
	tray, err := ui.NewTrayIcon(trayHost{s.app.(desktop.App), s.hasTray}, s.choose)
	if err != nil {
		return nil, err
	}
	s.tray = tray
	sign := ui.TrayOf(ui.Now{})
	if first.left() {
		sign = ui.TrayWithout(syncer.Describe(syncer.ErrNoSetup))
	}
	s.tray.Draw(sign) // before the app runs: Fyne starts no tray later
	systray.SetOnTapped(func() { fyne.Do(s.open) })
	return s, nil
}

// post runs f on the UI goroutine and waits for it. When that has ended, f is not run: Fyne would do so right here, and there
// are no windows any more.
func (s *shell) post(f func()) {
	select {
	case <-s.ended:
		return
	default:
	}
	done := make(chan struct{})
	s.wake()
	fyne.Do(func() { defer close(done); f() })
	select {
	case <-done:
	case <-s.ended:
	}
}

// open brings the window to the front, and makes it where there is none.
func (s *shell) open() {
	if s.over == nil {
		s.over = s.app.NewWindow("Roost")
		s.over.Resize(s.size)
		s.over.SetCloseIntercept(s.close)
		s.fill()
	}
	s.over.Show()
	s.over.RequestFocus()
}

// close is what the window's own button does: with a tray Roost goes on there, without one it would be out of reach.
func (s *shell) close() {
	if s.inTray {
		s.hide()
		return
	}
	if !s.asking() {
		s.asking = ui.AskQuit(s.over, s.quit)
	}
}

// hide takes the window away, whole: one that is only hidden is still looked after 60 times a second.
func (s *shell) hide() {
	s.undraw()
	s.size = s.over.Canvas().Size()
	s.over.Close()
	s.over, s.window, s.undraw = nil, nil, func() {}
}

func (s *shell) quit() {
	s.asked.Store(true)
	s.stop()
}

// fill draws into the window what there is to show.
func (s *shell) fill() {
	s.undraw()
	s.window, s.undraw = nil, func() {}
	if s.over == nil {
		return
	}
	if s.first.left() {
		s.startWith(ui.Options{Starter: s.first.guide, Begun: s.first.finish})
		return
	}
	if s.engine == nil && asksForPassword(s.covered.Code) {
		if err := ui.AskPassword(s.over, s.covered.Code == "wrong_passphrase", s.first.guide.UsePassphrase); err != nil {
			fyne.LogError("ask for the password", err)
		}
		return
	}
	if s.engine == nil {
		if err := ui.Cover(s.over, s.covered, s.again); err != nil {
			fyne.LogError("show what is wrong", err)
		}
		return
	}
	s.startWith(ui.Options{Engine: *s.engine, Starter: s.first.guide, Again: s.again})
}

// again puts the home aside and begins with the first steps anew. Called on the UI goroutine.
func (s *shell) again() {
	s.anew.Go(func() { // the engine ends meanwhile, and waits for what is drawn
		err := s.first.again(s.ctx)
		if s.ctx.Err() != nil {
			return
		}
		s.post(func() {
			if err == nil {
				s.engine, s.covered = nil, syncer.Problem{}
				s.fill()
				s.tray.Draw(ui.TrayWithout(syncer.Describe(syncer.ErrNoSetup)))
				return
			}
			if s.window != nil {
				s.window.Tell(err)
				return
			}
			s.covered = syncer.Describe(err)
			s.fill()
		})
	})
}

// startWith fills the window with an engine's screens, or with the first steps.
func (s *shell) startWith(o ui.Options) {
	o.Window, o.Post, o.Login, o.Desktop, o.Nearby = s.over, s.post, s.login, s.desktop, syncer.LookNearby
	w, err := ui.New(o)
	if err != nil {
		fyne.LogError("show how things are", err)
		return
	}
	life := s.ctx
	if s.engine != nil {
		life = s.engine.life
	}
	ctx, cancel := context.WithCancel(life)
	s.window, s.undraw = w, cancel
	s.drawing.Go(func() { w.Run(ctx, nil) })
}

// follow shows an engine in the tray and in the window until it or ctx ends.
func (s *shell) follow(ctx context.Context, e engine) error {
	defer s.drawing.Wait()
	defer s.post(func() { s.engine = nil; s.undraw() })
	defer s.current.Store(nil)
	s.post(func() {
		s.engine, s.covered = &view{e, ctx}, syncer.Problem{}
		s.current.Store(s.engine)
		if s.window != nil && s.window.Starting() && s.first.taken.Load() {
			s.window.Use(*s.engine) // the last of the first steps shows how the first backup goes
			return
		}
		s.fill()
	})
	for st, err := range e.Watch(ctx) {
		if err != nil {
			return err
		}
		s.post(func() {
			if err := ui.Wear(st.Look); err != nil {
				fyne.LogError("change the language", err)
			}
			s.tray.Draw(ui.TrayOf(ui.Now{Status: st, At: time.Now()}))
		})
	}
	return nil
}

// cover shows why there is no engine to show. Called again with the same, it changes nothing.
func (s *shell) cover(p syncer.Problem) {
	s.post(func() {
		if s.window != nil && s.window.Starting() && s.first.taken.Load() {
			return
		}
		if s.covered.Code == p.Code && s.covered.Text == p.Text && s.engine == nil && s.window == nil {
			return
		}
		s.covered = p
		s.fill()
		s.tray.Draw(ui.TrayWithout(p))
	})
}

// noticePatience is how long the desktop may take to show a notice.
const noticePatience = 5 * time.Second

func (s *shell) notify(n syncer.Notice) {
	title, text := ui.NoticeWords(n)
	if s.board != nil {
		ctx, cancel := context.WithTimeout(s.ctx, noticePatience)
		defer cancel()
		if s.board.show(ctx, n.Code, title, text, ui.NoticeButton()) == nil {
			return
		}
	}
	s.app.SendNotification(fyne.NewNotification(title, text))
}

// pressed opens the window where problems stand with their steps.
func (s *shell) pressed(string) {
	s.post(func() {
		s.open()
		if s.window != nil && !s.window.Starting() {
			s.window.Show(ui.Home)
		}
	})
}

func (s *shell) closeBoard() {
	if s.board != nil {
		s.board.close()
	}
}

// choose does what an entry of the tray's menu is for.
func (s *shell) choose(item ui.TrayItem) {
	switch item.Do {
	case ui.TrayBackUp:
		s.ask(func(ctx context.Context, e engine) error {
			_, err := e.Backup(ctx, nil, nil)
			return err
		})
	case ui.TrayPause:
		s.ask(func(ctx context.Context, e engine) error { return e.Pause(ctx, "", item.Until) })
	case ui.TrayResume:
		s.ask(func(ctx context.Context, e engine) error { return e.Resume(ctx, "") })
	case ui.TrayOpenFolder:
		s.ask(func(context.Context, engine) error {
			return s.app.OpenURL(&url.URL{Scheme: "file", Path: filepath.ToSlash(item.Path)})
		})
	case ui.TrayRestore:
		s.open()
		if s.window != nil {
			s.window.Show(ui.Restore)
		}
	case ui.TrayOpen:
		s.open()
	case ui.TrayQuit:
		s.quit()
	}
}

// ask does something away from the UI goroutine while there is an engine, and tells what went wrong: in the window, or on
// the desktop without one.
func (s *shell) ask(do func(context.Context, engine) error) {
	v := s.engine
	if v == nil {
		return // the menu of a moment ago
	}
	s.drawing.Go(func() {
		err := do(v.life, v.engine)
		if err == nil || v.life.Err() != nil {
			return
		}
		told := false
		s.post(func() {
			if told = s.window != nil; told {
				s.window.Tell(err)
			}
		})
		if !told {
			p := describe(v.life, err)
			s.notify(syncer.Notice{Code: p.Code, Title: p.Title, Text: p.Text, Action: p.Action})
		}
	})
}

// followTrayHost keeps up with whether somebody shows the tray. When nobody does any more, the window comes back: a Roost
// that cannot be reached would be none.
func (s *shell) followTrayHost(ctx context.Context) {
	for there := range trayHosts(ctx) {
		s.post(func() {
			gone := s.inTray && !there
			s.inTray = there
			if gone && s.over == nil {
				s.open()
			}
		})
	}
}

func (s *shell) openUnlessTray() {
	if !s.inTray && s.over == nil {
		s.open()
	}
}

// trayHost is the tray as Fyne has it.
type trayHost struct {
	app  desktop.App
	real bool // false: there is no tray, and Fyne fails when it ends one
}

func (h trayHost) SetIcon(state string) {
	switch {
	case !h.real:
	case runtime.GOOS == "darwin":
		systray.SetTemplateIcon(assets.TrayIcon(state, true, true), assets.TrayIcon(state, false, true))
	default:
		h.app.SetSystemTrayIcon(fyne.NewStaticResource(state+".png", assets.TrayIcon(state, false, true)))
	}
}

func (h trayHost) SetTooltip(text string) {
	if h.real {
		systray.SetTooltip(text)
	}
}

func (h trayHost) SetMenu(menu *fyne.Menu) {
	if h.real {
		h.app.SetSystemTrayMenu(menu)
	}
}

// calmEvery is how often a Roost without a window looks at its events; Fyne does so 60 times a second.
const calmEvery = 150 * time.Millisecond

// calm holds up the UI goroutine while there is no window, because nothing is to be drawn then: what is posted, and a tap on
// the tray's menu, waits for that long at most.
func (s *shell) calm(ctx context.Context) {
	rest := time.NewTimer(calmEvery)
	defer rest.Stop()
	for ctx.Err() == nil {
		s.rested(func() bool {
			if s.over != nil {
				return false
			}
			rest.Reset(calmEvery)
			select {
			case <-rest.C:
			case <-s.quietEnd:
			case <-ctx.Done():
			}
			return true
		})
	}
}

// rested runs pause on the UI goroutine; while it has no reason to, it waits a while before the next time.
func (s *shell) rested(pause func() bool) {
	select {
	case <-s.ended:
		<-s.ctx.Done()
		return
	default:
	}
	paused := make(chan bool, 1)
	fyne.Do(func() { paused <- pause() })
	select {
	case did := <-paused:
		if !did {
			wait(s.ctx, time.Second)
		}
	case <-s.ended:
	}
}

// wake ends a pause of calm.
func (s *shell) wake() {
	select {
	case s.quietEnd <- struct{}{}:
	default:
	}
}
