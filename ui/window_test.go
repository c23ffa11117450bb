package ui

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// asked is an engine that notes what it is asked, and answers when it is let.
type asked struct {
	browser
	spaceKeeper
	versionKeeper
	chooser
	*record
	nows  chan Now
	let   chan error // an answer for each call
	mu    sync.Mutex // guards calls
	calls []string
}

func newAsked() *asked { return &asked{record: &record{}, nows: make(chan Now), let: make(chan error)} }

func (e *asked) Watch(ctx context.Context) iter.Seq[Now] {
	return func(yield func(Now) bool) {
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-e.nows:
				if !yield(now) {
					return
				}
			}
		}
	}
}

func (e *asked) answer(ctx context.Context, call string) error {
	e.mu.Lock()
	e.calls = append(e.calls, call)
	e.mu.Unlock()
	select {
	case err := <-e.let:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *asked) Backup(ctx context.Context, dirs []string, _ syncer.Report) ([]syncer.Saved, error) {
	return nil, e.answer(ctx, fmt.Sprint("back up ", dirs))
}

func (e *asked) Pause(ctx context.Context, dir string, until time.Time) error {
	return e.answer(ctx, "pause "+dir+" until "+until.Format(time.TimeOnly))
}

func (e *asked) Resume(ctx context.Context, dir string) error { return e.answer(ctx, "resume "+dir) }

func (e *asked) AddFolders(ctx context.Context, dirs []string) ([]syncer.FolderInfo, error) {
	return nil, e.answer(ctx, fmt.Sprint("add ", dirs))
}

func (e *asked) CheckNode(ctx context.Context, name string) (syncer.NodeInfo, error) {
	return syncer.NodeInfo{}, e.answer(ctx, "check "+name)
}

func (e *asked) AddNode(ctx context.Context, o syncer.SetupOptions) error {
	return e.answer(ctx, "add the storage "+o.NodeName+o.URL)
}

func (e *asked) SetCopies(ctx context.Context, name string, copies int) error {
	return e.answer(ctx, fmt.Sprintf("want %d copies on %s", copies, name))
}

func (e *asked) FixNode(ctx context.Context, name, check string) error {
	return e.answer(ctx, "fix "+check+" of "+name)
}

func (e *asked) RemoveNode(ctx context.Context, name string, lost bool) error {
	return e.answer(ctx, "remove the storage "+name)
}

func (e *asked) Readdress(ctx context.Context, name string, o syncer.SetupOptions) error {
	return e.answer(ctx, "readdress "+name+" to "+o.URL)
}

func (e *asked) RemoveFolder(ctx context.Context, dir string) error {
	return e.answer(ctx, "stop keeping "+dir)
}

func (e *asked) Set(ctx context.Context, key, value string) error {
	return e.answer(ctx, "set "+key+" to "+value)
}

func (e *asked) Verify(ctx context.Context, percent int, _ syncer.Report) (*syncer.Checked, error) {
	return &syncer.Checked{}, e.answer(ctx, fmt.Sprint("verify ", percent))
}

func (e *asked) LeaveOut(ctx context.Context, dir, path string) error {
	return e.answer(ctx, "leave out "+path+" of "+dir)
}

func (e *asked) Accept(ctx context.Context, dir string) error { return e.answer(ctx, "accept "+dir) }

func (e *asked) Words(ctx context.Context) ([]string, error) {
	return strings.Fields(strings.Repeat("abandon ability about ", 8)), e.answer(ctx, "words")
}

func (e *asked) NoteWords(ctx context.Context, had bool) error {
	return e.answer(ctx, fmt.Sprint("had the words: ", had))
}

// stage is a window that runs, with this goroutine as the UI's.
type stage struct {
	t      *testing.T
	w      *Window
	engine *asked
	posts  chan func()
}

// newStage starts a window over an engine that answers when the test lets it.
func newStage(t *testing.T) *stage {
	t.Helper()
	speak(t, "en")
	a := test.NewTempApp(t)
	light := theme.VariantLight
	a.Settings().SetTheme(kit.Theme{Forced: &light})
	s := &stage{t: t, engine: newAsked(), posts: make(chan func())}
	w, err := New(Options{Engine: s.engine, Window: test.NewTempWindow(t, nil), Post: func(f func()) {
		done := make(chan struct{})
		select {
		case s.posts <- func() { f(); close(done) }:
			<-done
		case <-t.Context().Done():
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.w = w
	w.over.Resize(fyne.NewSize(1180, 780))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { w.Run(ctx, nil); close(ended) }()
	t.Cleanup(func() {
		cancel()
		for {
			select {
			case f := <-s.posts:
				f()
			case <-ended:
				return
			}
		}
	})
	return s
}

// show lets the engine tell something, and draws it.
func (s *stage) show(now Now) {
	s.t.Helper()
	s.engine.nows <- now
	(<-s.posts)()
	s.w.root.Refresh()
}

// finish lets the engine answer a call, and draws what comes of it.
func (s *stage) finish(err error) {
	s.t.Helper()
	s.engine.let <- err
	(<-s.posts)()
}

func (s *stage) called() []string {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	return slices.Clone(s.engine.calls)
}

// tap taps what a person sees under this name.
func (s *stage) tap(label string) {
	s.t.Helper()
	for _, o := range visible(s.w.over.Canvas()) {
		if b, ok := o.(*kit.Button); ok && b.AccessibilityLabel() == label && !b.Disabled() {
			test.Tap(b)
			return
		}
	}
	s.t.Fatalf("there is no %q to tap on", label)
}

// visible lists what is on screen, dialogs and menus included.
func visible(c fyne.Canvas) (all []fyne.CanvasObject) {
	all = visibleIn(c.Content())
	for _, overlay := range c.Overlays().List() {
		all = append(all, visibleIn(overlay)...)
	}
	return all
}

// inList tells the lines of lists and trees, which are reached with the arrow keys.
func inList(o fyne.CanvasObject) bool {
	switch fmt.Sprintf("%T", o) {
	case "*widget.listItem", "*widget.branch", "*widget.leaf", "*widget.branchIcon":
		return true
	case "*widget.passwordRevealer": // Fyne's, in its own field
		return true
	}
	return false
}

func visibleIn(o fyne.CanvasObject) (all []fyne.CanvasObject) {
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		if !o.Visible() {
			return
		}
		all = append(all, o)
		switch o := o.(type) {
		case *fyne.Container:
			for _, child := range o.Objects {
				walk(child)
			}
		case *container.Scroll:
			walk(o.Content)
		case fyne.Widget:
			for _, child := range test.WidgetRenderer(o).Objects() {
				walk(child)
			}
		}
	}
	walk(o)
	return all
}

// texts is what can be read on screen, each once.
func texts(c fyne.Canvas) map[string]bool {
	said := make(map[string]bool)
	for _, o := range visible(c) {
		if a, ok := o.(fyne.Accessible); ok && a.AccessibilityRole() != fyne.AccessibleRoleContainer {
			said[a.AccessibilityLabel()] = true
		}
	}
	return said
}

// Whatever was drawn before, and however often, the window looks like the last value alone.
func TestDrawingDependsOnTheLastValueOnly(t *testing.T) {
	speak(t, "en")
	appIn(theme.VariantLight)
	all := samples()
	delete(all, "unknown") // it shows the clock
	look := func(w *Window) string {
		for range 3 {
			w.over.Resize(fyne.NewSize(1180, 780))
			w.root.Refresh()
		}
		return drawing(w.over.Canvas())
	}
	fresh := make(map[string]string)
	for name, now := range all {
		fresh[name] = look(shownWindow(t, now))
	}
	w := shownWindow(t, all["empty"])
	names := slices.Sorted(maps.Keys(all))
	for step := range 3 {
		for i := range names { // each value after several others
			name := names[(i*(step+1)+step)%len(names)]
			w.draw(all[name])
			w.draw(all[name])
			if got := look(w); got != fresh[name] {
				t.Fatalf("%s looks different after other values:\n%s", name, firstDifference(got, fresh[name]))
			}
		}
	}
}

// drawing lists what is painted, and where.
func drawing(c fyne.Canvas) string {
	var b strings.Builder
	for _, o := range visible(c) {
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(o)
		switch o := o.(type) {
		case *canvas.Text:
			fmt.Fprintf(&b, "%q %v %v at %v %v\n", o.Text, o.TextSize, o.Color, at, o.Size())
		case *canvas.Rectangle:
			fmt.Fprintf(&b, "rectangle %v %v at %v %v\n", o.FillColor, o.StrokeColor, at, o.Size())
		case *canvas.Arc:
			fmt.Fprintf(&b, "arc %v %v-%v at %v %v\n", o.FillColor, o.StartAngle, o.EndAngle, at, o.Size())
		case *canvas.Image:
			name := "a picture"
			if o.Resource != nil {
				name = o.Resource.Name()
			}
			fmt.Fprintf(&b, "%s at %v %v\n", name, at, o.Size())
		}
	}
	return b.String()
}

func firstDifference(a, b string) string {
	one, two := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(one), len(two)) {
		if one[i] != two[i] {
			return fmt.Sprintf("line %d\n%s\nwant\n%s", i, one[i], two[i])
		}
	}
	return "one has more lines"
}

func TestEveryStateFitsTheSmallestWindowInEveryLanguage(t *testing.T) {
	for _, language := range languages() {
		speak(t, language)
		appIn(theme.VariantLight)
		for name, now := range samples() {
			w := shownWindow(t, now)
			w.over.Resize(MinSize)
			w.root.Refresh()
			if least := w.root.MinSize(); least.Width > MinSize.Width || least.Height > MinSize.Height {
				t.Errorf("%s, %s: needs %v, the window has %v", language, name, least, MinSize)
			}
		}
	}
}

// Nobody reaches a thing with Tab that says nothing, and everything that can be tapped can be reached.
func TestTheKeyboardReachesEverythingAndEverythingSaysWhatItIs(t *testing.T) {
	speak(t, "en")
	for name, now := range samples() {
		appIn(theme.VariantLight)
		w := shownWindow(t, now)
		w.root.Refresh()
		everythingIsReached(t, name, w.over.Canvas())
	}
}

// everythingIsReached goes through what is on screen with Tab.
func everythingIsReached(t *testing.T, name string, c fyne.Canvas) {
	t.Helper()
	reached := make(map[fyne.CanvasObject]bool)
	for range 400 {
		c.FocusNext()
		o, ok := c.Focused().(fyne.CanvasObject)
		if !ok || reached[o] {
			break
		}
		reached[o] = true
		if said, ok := o.(fyne.Accessible); !ok || strings.TrimSpace(said.AccessibilityLabel()) == "" {
			t.Errorf("%s: %T says nothing", name, o)
		}
	}
	all := visible(c)
	if over := c.Overlays().Top(); over != nil {
		all = visibleIn(over) // what is below waits
	}
	for _, o := range all {
		_, tappable := o.(fyne.Tappable)
		tappable = tappable && !inList(o)
		disabled, can := o.(fyne.Disableable)
		if tappable && !(can && disabled.Disabled()) && !reached[o] {
			t.Errorf("%s: %T can be tapped, and Tab does not reach it", name, o)
		}
	}
}

func TestNoTrickOfANameReachesTheScreen(t *testing.T) {
	speak(t, "en")
	appIn(theme.VariantLight)
	now := samples()["odd"]
	now.Problems = []syncer.Problem{{Title: "A folder is not there", Severity: severityNeedsYou, Path: "/home/ana/\u202Egpj.exe\n{{.X}}"}}
	now.Storages[0].Name = "Pi\u202E\n"
	w := shownWindow(t, now)
	for text := range texts(w.over.Canvas()) {
		if strings.ContainsAny(text, "\u202E\n") {
			t.Errorf("%q is on screen", text)
		}
	}
}

func TestATapAsksTheEngineAndRestsUntilItIsDone(t *testing.T) {
	s := newStage(t)
	s.show(sampleNow())
	s.tap("Back up now")
	for _, o := range visible(s.w.over.Canvas()) {
		if b, ok := o.(*kit.Button); ok && b.AccessibilityLabel() == "Back up now" && !b.Disabled() {
			t.Error("the button can be tapped again while it works")
		}
	}
	s.finish(nil)
	if got := s.called(); !slices.Equal(got, []string{"back up []"}) {
		t.Errorf("the engine was asked %q", got)
	}
	s.tap("Back up now") // it can be asked again
	s.finish(nil)
}

// A slow engine never holds up the window: what it says meanwhile is drawn, and other taps go their way.
func TestASlowEngineDoesNotHoldUpTheWindow(t *testing.T) {
	s := newStage(t)
	s.show(sampleNow())
	start := time.Now()
	s.tap("Back up now")
	if took := time.Since(start); took > noBlock {
		t.Errorf("a tap took %v", took)
	}
	for _, name := range []string{"saving", "waiting", "many"} {
		s.show(samples()[name])
	}
	s.finish(nil)
}

func TestAnErrorIsShownWhereItWasAskedFor(t *testing.T) {
	s := newStage(t)
	s.show(sampleNow())
	s.tap("Back up now")
	s.finish(fmt.Errorf("write: %w", syncer.ErrNoRoom))
	if !texts(s.w.over.Canvas())["There is not enough space on this disk"] {
		t.Error("the window does not say what went wrong")
	}
	s.tap("Details")
	if s.w.over.Canvas().Overlays().Top() == nil {
		t.Fatal("Details shows nothing")
	}
	if !texts(s.w.over.Canvas())["no_room"] {
		t.Error("the details lack the code")
	}
	s.tap("Close")
	if s.w.over.Canvas().Overlays().Top() != nil {
		t.Error("the dialog stays")
	}
}

func TestProblemsAreShownWithAStepThatWorks(t *testing.T) {
	s := newStage(t)
	s.show(samples()["waiting"])
	s.tap("Check connection")
	s.finish(nil)
	if got := s.called(); !slices.Equal(got, []string{"check Pi in the living room"}) {
		t.Errorf("the engine was asked %q", got)
	}
	s.show(sampleNow())
	for text := range texts(s.w.over.Canvas()) {
		if strings.Contains(text, "can't be reached") {
			t.Errorf("a problem that is over is still shown: %q", text)
		}
	}
}

func TestASuddenChangeCanBeAccepted(t *testing.T) {
	s := newStage(t)
	now := sampleNow()
	now.State = syncer.StateNeedsYou
	now.Problems = []syncer.Problem{{Code: "sudden_change", Severity: severityNeedsYou, Title: "Most of a folder changed at once", Path: "/home/ana/src"}}
	s.show(now)
	s.tap("It was me")
	s.finish(nil)
	if got := s.called(); !slices.Equal(got, []string{"accept /home/ana/src"}) {
		t.Errorf("the engine was asked %q", got)
	}
}

// knowing is an error of an engine in another process.
type knowing struct{}

func (knowing) Error() string { return "" }
func (knowing) Problem() syncer.Problem {
	return syncer.Problem{Title: "Roost is running, but it does not answer"}
}

func TestAnErrorOfAnotherProcessIsSaidInItsOwnWords(t *testing.T) {
	s := newStage(t)
	s.show(sampleNow())
	s.tap("Back up now")
	s.finish(fmt.Errorf("ask: %w", knowing{}))
	if !texts(s.w.over.Canvas())["Roost is running, but it does not answer"] {
		t.Error("the window does not say what the other process said")
	}
}

func TestClosingAsksWhereThereIsNoTray(t *testing.T) {
	s := newStage(t)
	s.show(sampleNow())
	quit := 0
	open := AskQuit(s.w.over, func() { quit++ })
	s.tap("Keep it open")
	if open() || quit != 0 {
		t.Errorf("after keeping it open the question is open: %v, and %d ended it", open(), quit)
	}
	AskQuit(s.w.over, func() { quit++ })
	s.tap("Quit")
	if quit != 1 {
		t.Error("it does not quit")
	}
}

// Without an engine, the window says why and what to do, and it fits.
func TestWithoutABackupTheWindowSaysWhatToDo(t *testing.T) {
	for language := range pluralForms {
		speak(t, language)
		appIn(theme.VariantLight)
		over := test.NewTempWindow(t, nil)
		if err := Cover(over, syncer.Problem{}, nil); err != nil || !texts(over.Canvas())[lang.L("One moment")] {
			t.Errorf("%s: before anything is known it says %v, %v", language, texts(over.Canvas()), err)
		}
		p := syncer.Describe(syncer.ErrNoSetup)
		if err := Cover(over, p, nil); err != nil {
			t.Fatal(err)
		}
		over.Resize(MinSize)
		said := texts(over.Canvas())
		if !said[translated(p.Title)] || !said[sentence(translated(p.Action))] {
			t.Errorf("%s: %v", language, said)
		}
		if tray := TrayWithout(p); tray.Icon != "not-protected" || tray.Menu[len(tray.Menu)-1].Do != TrayQuit {
			t.Errorf("%s: the tray is %+v", language, tray)
		}
	}
}

func TestManyProblemsShowTheWorstFirstAndTheRestOnDemand(t *testing.T) {
	s := newStage(t)
	now := sampleNow()
	for i := range 9 {
		now.Problems = append(now.Problems, syncer.Problem{Severity: "warning", Title: fmt.Sprint("Warning ", i)})
	}
	now.Problems = append(now.Problems, syncer.Problem{Severity: severityNeedsYou, Title: "Only you can mend this"})
	s.show(now)
	if said := texts(s.w.over.Canvas()); !said["Only you can mend this"] || said["Warning 5"] {
		t.Error("what needs a person is not shown first")
	}
	s.tap("Show 7 more")
	if said := texts(s.w.over.Canvas()); !said["Warning 8"] {
		t.Error("the rest is not shown")
	}
}

func TestPausingAndResuming(t *testing.T) {
	s := newStage(t)
	s.show(sampleNow())
	s.tap("Pause")
	menu := s.w.over.Canvas().Overlays().Top()
	if menu == nil {
		t.Fatal("there is no choice of pauses")
	}
	s.w.over.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	s.w.over.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	s.finish(nil)
	s.show(samples()["paused"])
	s.tap("Resume")
	s.finish(nil)
	if got := s.called(); !slices.Equal(got, []string{"pause  until 10:41:00", "resume "}) {
		t.Errorf("the engine was asked %q", got)
	}
}

func TestFoldersDroppedOnTheWindowAreKept(t *testing.T) {
	s := newStage(t)
	s.show(samples()["empty"])
	s.w.addFolders([]string{"/home/ana/Pictures"})
	s.finish(errors.New("nested"))
	if got := s.called(); !slices.Equal(got, []string{"add [/home/ana/Pictures]"}) {
		t.Errorf("the engine was asked %q", got)
	}
	if !texts(s.w.over.Canvas())["Something unexpected happened"] {
		t.Error("the error is not shown")
	}
}

func TestAThousandFoldersAreListedWithoutAThousandWidgets(t *testing.T) {
	s := newStage(t)
	now := samples()["many"]
	s.show(now)
	few := len(visible(s.w.over.Canvas()))
	s.tap("Show all 1,000 folders")
	s.w.root.Refresh()
	if all := len(visible(s.w.over.Canvas())); all > few+300 {
		t.Errorf("%d objects are on screen, %d before", all, few)
	}
	start := time.Now()
	s.w.draw(now)
	if took := time.Since(start); took > time.Second {
		t.Errorf("drawing took %v", took)
	}
	s.tap("Show fewer")
}

func TestTheRowOfAFolderKeepsTheFocusWhileItIsSaved(t *testing.T) {
	s := newStage(t)
	s.show(sampleNow())
	c := s.w.over.Canvas()
	for range 30 {
		if c.FocusNext(); c.Focused() == nil {
			continue
		}
		if row, ok := c.Focused().(*kit.Row); ok {
			s.show(samples()["saving"])
			if c.Focused() != row {
				t.Error("the row lost the focus")
			}
			return
		}
	}
	t.Error("no row takes the focus")
}

func TestTheReminderAsksForThreeWordsAndRemembersThem(t *testing.T) {
	s := newStage(t)
	s.show(samples()["words-due"])
	s.tap("Check them now")
	s.finish(nil) // the engine tells the words
	words := strings.Fields(strings.Repeat("abandon ability about ", 8))
	answer := func(right bool) {
		for i, w := range words {
			for _, o := range visible(s.w.over.Canvas()) {
				said, ok := o.(fyne.Accessible)
				if f, can := o.(fyne.Focusable); ok && can && (said.AccessibilityLabel() == fmt.Sprint("Word ", i+1) || strings.HasPrefix(said.AccessibilityLabel(), fmt.Sprint("Word ", i+1, "."))) {
					if !right {
						w = "zoo"
					}
					f.(interface{ SetText(string) }).SetText(w)
				}
			}
		}
	}
	answer(false)
	s.tap("Check")
	if got := s.called(); !slices.Equal(got, []string{"words"}) {
		t.Fatalf("with wrong words the engine was asked %q", got)
	}
	answer(true)
	s.tap("Check")
	s.finish(nil)
	if got := s.called(); !slices.Equal(got, []string{"words", "had the words: true"}) {
		t.Errorf("the engine was asked %q", got)
	}
	if s.w.over.Canvas().Overlays().Top() != nil {
		t.Error("the dialog stays")
	}
	s.show(sampleNow())
	if texts(s.w.over.Canvas())["Check your recovery words"] {
		t.Error("the window still asks for the words")
	}
}
