package ui

import (
	"context"
	"errors"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/syncer/guide"
	"roost/ui/kit"
	"roost/vault/keystore"
	"roost/vault/node/nodetest"
)

// computer is one that a person sits at: a home folder, a place for keys, and the window over the real engine.
type computer struct {
	t       *testing.T
	own     string // the person's own folder
	roost   string // Roost's home
	keys    *keyring
	guide   *guide.Guide
	w       *Window
	posts   chan func()
	quit    func()
	picked  string // what the choice of a folder answers
	started bool
}

// keyring is the place for keys, in memory; without keep it is a computer that has none.
type keyring struct {
	mu   sync.Mutex // guards below
	keep map[string][32]byte
}

func (k *keyring) Get(_ context.Context, vault string) ([32]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.keep[vault]
	switch {
	case k.keep == nil:
		return key, keystore.ErrNoService
	case !ok:
		return key, keystore.ErrNotFound
	}
	return key, nil
}

func (k *keyring) Set(_ context.Context, vault string, key [32]byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keep == nil {
		return keystore.ErrNoService
	}
	k.keep[vault] = key
	return nil
}

func (k *keyring) Delete(_ context.Context, vault string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keep, vault)
	return nil
}

// openedEngine is the real engine, from when it is watched.
type openedEngine struct {
	opts syncer.Options
	*syncer.Engine
}

func (e *openedEngine) Settings(ctx context.Context) ([]syncer.Setting, error) {
	return e.Engine.Settings(ctx), nil
}

func (e *openedEngine) Watch(ctx context.Context) iter.Seq[Now] {
	return func(yield func(Now) bool) {
		real, err := syncer.Open(ctx, e.opts)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			panic(err)
		}
		defer real.Close()
		unlock, err := real.Lock(ctx, 5*time.Second)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			panic(err)
		}
		defer unlock()
		e.Engine = real
		var running sync.WaitGroup
		defer running.Wait()
		running.Go(func() { _ = real.Run(ctx) }) // it ends with ctx
		for s := range real.Watch(ctx) {
			if !yield(Now{Status: s, At: time.Now()}) {
				return
			}
		}
	}
}

func newComputer(t *testing.T) *computer {
	t.Helper()
	c := &computer{t: t, own: t.TempDir(), keys: &keyring{keep: map[string][32]byte{}}}
	c.roost = filepath.Join(c.own, ".local", "share", "roost")
	c.start()
	t.Cleanup(func() { c.stop() })
	return c
}

// start opens the window, as if Roost was started.
func (c *computer) start() {
	c.t.Helper()
	c.t.Setenv("HOME", c.own)
	c.t.Setenv("XDG_CONFIG_HOME", "")
	speak(c.t, "en")
	appIn(theme.VariantLight)
	var err error
	c.guide, err = guide.New(guide.Options{
		Engine: syncer.Options{Home: c.roost}, Runtime: filepath.Join(c.own, "run"),
		Keys: func(func(string) ([]byte, error)) (keystore.Store, error) { return c.keys, nil },
	})
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(c.t.Context())
	opened := &openedEngine{opts: syncer.Options{Home: c.roost, Keys: c.keys}}
	var engine Engine
	if stage, err := c.guide.Stage(ctx); err != nil {
		c.t.Fatal(err)
	} else if stage >= guide.Returning {
		engine = opened
	}
	c.posts = make(chan func())
	c.w, err = New(Options{
		Engine: engine, Window: test.NewTempWindow(c.t, nil), Starter: c.guide, Begun: func() { c.w.Use(opened) },
		Post: func(f func()) {
			done := make(chan struct{})
			select {
			case c.posts <- func() { f(); close(done) }:
				<-done
			case <-ctx.Done():
			}
		},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.w.over.Resize(fyne.NewSize(1180, 780))
	if c.w.onboarding != nil {
		c.w.onboarding.pick = func(chosen func(string)) { chosen(c.picked) }
	}
	ended := make(chan struct{})
	go func() { c.w.Run(ctx, nil); close(ended) }()
	c.quit = func() { cancel(); <-ended }
	c.started = true
}

// stop closes the window, wherever the person is.
func (c *computer) stop() {
	c.t.Helper()
	if !c.started {
		return
	}
	c.started = false
	c.quit()
	if err := c.guide.Close(); err != nil {
		c.t.Error(err)
	}
}

func (c *computer) canvas() fyne.Canvas { return c.w.over.Canvas() }

// file writes a file of the person.
func (c *computer) file(name, text string) {
	c.t.Helper()
	path := filepath.Join(c.own, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// sees tells whether a text is on screen.
func (c *computer) sees(text string) bool { return texts(c.canvas())[text] }

// until does what the background asks of the window, until a text is on screen.
func (c *computer) until(text string) {
	c.t.Helper()
	for end := time.After(time.Minute); !c.sees(text); {
		select {
		case f := <-c.posts:
			f()
		case <-end:
			c.t.Fatalf("%q does not come on screen; there is %q", text, slices.Sorted(maps.Keys(texts(c.canvas()))))
		}
	}
}

// tap taps what has this text on it.
func (c *computer) tap(text string) {
	c.t.Helper()
	for _, o := range visible(c.canvas()) {
		switch o := o.(type) {
		case *kit.Button:
			if o.AccessibilityLabel() == text && !o.Disabled() {
				test.Tap(o)
				return
			}
		case *kit.Option:
			if o.Data().Title == text && !o.Disabled() {
				test.Tap(o)
				return
			}
		}
	}
	c.t.Fatalf("there is no %q to tap on; there is %q", text, slices.Sorted(maps.Keys(texts(c.canvas()))))
}

// field is the line to type into that has this name.
func (c *computer) field(name string) fyne.Focusable {
	c.t.Helper()
	for _, o := range visible(c.canvas()) {
		if f, ok := o.(fyne.Focusable); ok {
			if said, ok := o.(fyne.Accessible); ok && said.AccessibilityRole() == fyne.AccessibleRoleText &&
				(said.AccessibilityLabel() == name || strings.HasPrefix(said.AccessibilityLabel(), name+".")) {
				return f
			}
		}
	}
	c.t.Fatalf("there is no field %q", name)
	return nil
}

// enter types into a field, in place of what was there.
func (c *computer) enter(name, text string) {
	c.t.Helper()
	f := c.field(name)
	c.canvas().Focus(f)
	f.(interface{ SetText(string) }).SetText("")
	test.Type(f, text)
}

// paste puts text into a field at once.
func (c *computer) paste(name, text string) {
	c.t.Helper()
	f := c.field(name)
	c.canvas().Focus(f)
	f.(interface{ SetText(string) }).SetText(text)
}

// words reads the recovery words off the screen.
func (c *computer) words() (words []string) {
	c.t.Helper()
	words, _, err := c.guide.Words(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	for _, w := range words {
		if !c.sees(w) {
			c.t.Fatalf("the word %q is not on screen", w)
		}
	}
	return words
}

// proveWords answers the check of the words.
func (c *computer) proveWords(words []string) {
	c.t.Helper()
	for i, w := range words {
		name := "Word " + number(int64(i+1))
		for _, o := range visible(c.canvas()) {
			if said, ok := o.(fyne.Accessible); ok && (said.AccessibilityLabel() == name || strings.HasPrefix(said.AccessibilityLabel(), name+".")) {
				c.enter(name, w)
				break
			}
		}
	}
}

// keepOn goes from the first page to the words, with a storage at an address.
func (c *computer) keepOn(d *nodetest.Daemon) {
	c.t.Helper()
	c.tap("Keep my folders safe")
	c.tap("A device that I already run")
	c.enter("Address", d.URL)
	c.enter("Key", d.Token)
	c.tap("Continue")
	c.until("24 words bring everything back")
}

func TestKeepingFoldersFromNothingToEverythingIsSafe(t *testing.T) {
	t.Setenv("ROOST_IPFS", nodetest.Binary(t))
	c := newComputer(t)
	c.file("Documents/letter.txt", "dear")
	c.file("Pictures/2026/cat.jpg", strings.Repeat("meow", 1000))
	c.stop()
	c.start()
	c.tap("Keep my folders safe")
	c.tap("This computer")
	if !c.sees("It is the same disk") {
		t.Error("nobody is warned that it is the same disk")
	}
	c.tap("Keep it on this computer")
	c.until("24 words bring everything back")
	c.tap("Show my words")
	c.until("Your 24 recovery words")
	words := c.words()
	c.picked = t.TempDir()
	c.tap("Save the sheet")
	c.until("The sheet is saved")
	if saved, err := os.ReadFile(filepath.Join(c.picked, "Roost recovery sheet.pdf")); err != nil || !strings.HasPrefix(string(saved), "%PDF-") {
		t.Errorf("the sheet is not saved: %v", err)
	}
	c.tap("Print the sheet")
	c.until("The sheet opens in another window")
	c.tap("I have them")
	c.proveWords(slices.Repeat([]string{"abandon"}, 24))
	c.tap("Check")
	if !c.sees("Your sheet has another word at this number.") {
		t.Error("wrong words pass")
	}
	c.proveWords(words)
	c.tap("Check")
	c.until("Which folders must not be lost?")
	c.until("2 files · 4.0 kB · the first time takes about a minute")
	c.tap("Keep these folders")
	c.until("You can close this window")
	c.until("Everything is safe")
	c.tap("Open Roost")
	if !c.sees("Folders") || c.w.onboarding != nil {
		t.Error("the window does not show what is kept")
	}
	if c.w.now.WordsDue {
		t.Error("the words are asked for again at once")
	}
	if left, err := filepath.Glob(filepath.Join(c.own, "run", "*", "*")); err != nil || len(left) != 1 {
		t.Errorf("for printing lies %v, error %v", left, err)
	}
	c.stop()
	if left, err := filepath.Glob(filepath.Join(c.own, "run", "*")); err != nil || len(left) != 0 {
		t.Errorf("%v is left, error %v", left, err)
	}
	c.start()
	if c.w.onboarding != nil {
		t.Error("the first steps begin again")
	}
}

// key presses a key on what has the focus.
func (c *computer) key(name fyne.KeyName) {
	c.t.Helper()
	f := c.canvas().Focused()
	if f == nil {
		c.t.Fatalf("nothing has the focus for %s", name)
	}
	f.TypedKey(&fyne.KeyEvent{Name: name})
}

// tabTo presses Tab until what has this text on it has the focus.
func (c *computer) tabTo(text string) {
	c.t.Helper()
	for range 60 {
		c.canvas().FocusNext()
		switch o := c.canvas().Focused().(type) {
		case *kit.Option:
			if o.Data().Title == text {
				return
			}
		case fyne.Accessible:
			if said := o.AccessibilityLabel(); said == text || strings.HasPrefix(said, text+".") {
				return
			}
		}
	}
	c.t.Fatalf("Tab does not lead to %q", text)
}

func (c *computer) typing(text string) {
	c.t.Helper()
	for _, r := range text {
		c.canvas().Focused().TypedRune(r)
	}
}

func TestKeepingFoldersWithTheKeyboardAlone(t *testing.T) {
	d := nodetest.StartKubo(t)
	c := newComputer(t)
	c.file("Documents/letter.txt", "dear")
	c.tabTo("Keep my folders safe")
	c.key(fyne.KeyReturn)
	c.tabTo("A device that I already run")
	c.key(fyne.KeySpace)
	c.typing(d.URL) // the field has the focus
	c.key(fyne.KeyReturn)
	c.typing(d.Token)
	c.key(fyne.KeyReturn)
	c.until("It works")
	c.tabTo("Continue")
	c.key(fyne.KeyReturn)
	c.until("24 words bring everything back")
	c.tabTo("Show my words")
	c.key(fyne.KeyReturn)
	c.until("Your 24 recovery words")
	words := c.words()
	c.tabTo("I have them")
	c.key(fyne.KeyReturn)
	for range 3 { // Enter leads from word to word
		said := c.canvas().Focused().(fyne.Accessible).AccessibilityLabel()
		for i, w := range words {
			if said == "Word "+number(int64(i+1)) {
				c.typing(w)
			}
		}
		c.key(fyne.KeyReturn)
	}
	c.until("Which folders must not be lost?")
	c.tabTo("Keep these folders")
	c.key(fyne.KeyReturn)
	c.until("Everything is safe")
	c.tabTo("Open Roost")
	c.key(fyne.KeyReturn)
	if c.w.onboarding != nil {
		t.Error("the window does not open")
	}
}

func TestClosingHalfWayGoesOnThere(t *testing.T) {
	d := nodetest.StartKubo(t)
	c := newComputer(t)
	c.file("Documents/letter.txt", "dear")
	again := func(want string) {
		t.Helper()
		c.stop()
		c.start()
		c.until(want)
	}
	c.tap("Keep my folders safe")
	again("Welcome to Roost")
	c.keepOn(d)
	again("24 words bring everything back")
	c.tap("Show my words")
	c.until("Your 24 recovery words")
	c.tap("I have them")
	again("24 words bring everything back")
	c.tap("Do this later. Roost will remind you.")
	c.until("Which folders must not be lost?")
	again("Which folders must not be lost?")
	c.tap("Keep these folders")
	c.until("Everything is safe")
	if !c.w.now.WordsDue {
		t.Error("nobody is reminded of the words")
	}
	c.tap("Open Roost")
	if !c.sees("Check your recovery words") {
		t.Error("the window does not remind of the words")
	}
}

func TestWhatIsWrongWithAStorageIsSaidBeforeAnythingIsMade(t *testing.T) {
	d := nodetest.StartKubo(t)
	c := newComputer(t)
	c.tap("Keep my folders safe")
	c.tap("A device that I already run")
	for _, wrong := range []struct{ address, key, want string }{
		{"two words", "", "Address. This is no address. It looks like this: http://raspberrypi:5001"},
		{"http://127.0.0.1:1", "", "Nothing answers there"},
		{d.URL, "another", "Your storage didn't accept this computer's key"},
		{"http://192.0.2.1", "", "Others in the network could listen"},
	} {
		c.enter("Address", wrong.address)
		c.enter("Key", wrong.key)
		c.tap("Test it")
		c.until(wrong.want)
		c.tap("Continue")
		c.until(wrong.want)
	}
	if _, err := os.Stat(filepath.Join(c.roost, "config.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a home was made: %v", err)
	}
	c.enter("Address", d.URL)
	c.enter("Key", d.Token)
	c.tap("Test it")
	c.until("It works")
}

// A computer without a place for keys asks for a password, and for it again at the next start.
func TestAComputerWithoutAKeyringAsksForAPassword(t *testing.T) {
	d := nodetest.StartKubo(t)
	c := newComputer(t)
	c.stop()
	c.keys.keep = nil
	c.start()
	c.tap("Keep my folders safe")
	c.tap("A device that I already run")
	c.enter("Address", d.URL)
	c.enter("Key", d.Token)
	c.tap("Continue")
	c.until("A password for Roost")
	c.enter("New password", "one")
	c.enter("The same password again", "two")
	c.tap("Continue")
	if !c.sees("The same password again. The two are not the same.") {
		t.Error("two different passwords pass")
	}
	c.enter("The same password again", "one")
	c.tap("Continue")
	c.until("24 words bring everything back")
	c.stop()
	c.start()
	c.tap("Show my words")
	c.until("Your password for Roost")
	c.enter("Password", "two")
	c.tap("Continue")
	c.until("This is not the right password")
	c.enter("Password", "one")
	c.tap("Continue")
	c.until("Your 24 recovery words")
}

// saved is a backup of another computer on a storage: its words, and where it lies.
type saved struct {
	words []string
	d     *nodetest.Daemon
}

// backUp makes one, by the engine; before may choose something first.
func backUp(t *testing.T, d *nodetest.Daemon, device string, folders map[string]map[string]string, words string, before ...func(*syncer.Engine)) saved {
	t.Helper()
	opts := syncer.Options{Home: t.TempDir(), Keys: &keyring{keep: map[string][32]byte{}}}
	made, err := syncer.Setup(t.Context(), opts, syncer.SetupOptions{URL: d.URL, Token: d.Token, Device: device, Words: words})
	if err != nil {
		t.Fatal(err)
	}
	e, err := syncer.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var dirs []string
	for dir, files := range folders {
		for name, text := range files {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		dirs = append(dirs, dir)
	}
	if _, err := e.AddFolders(t.Context(), dirs); err != nil {
		t.Fatal(err)
	}
	for _, choose := range before {
		choose(e)
	}
	if _, err := e.Backup(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	return saved{made.Words, d}
}

// getBack goes from the first page to what was found, with the words of a backup.
func (c *computer) getBack(s saved) {
	c.t.Helper()
	c.tap("Get my files back, or add this device")
	c.paste("Word 1", strings.Join(s.words, " "))
	c.tap("Continue")
	c.tap("A device that I already run")
	c.enter("Address", s.d.URL)
	c.enter("Key", s.d.Token)
	c.tap("Continue")
	c.until("Your backup is found")
}

func (c *computer) reads(name, want string) {
	c.t.Helper()
	if got, err := os.ReadFile(filepath.Join(c.own, name)); err != nil || string(got) != want {
		c.t.Errorf("%s holds %q, want %q, error %v", name, got, want, err)
	}
}

func TestReplacingAnOldComputerBringsItsFilesBackAndKeepsThem(t *testing.T) {
	d := nodetest.StartKubo(t)
	s := backUp(t, d, "Laptop", map[string]map[string]string{
		t.TempDir(): {"letter.txt": "dear", "deep/er.txt": strings.Repeat("x", 300_000)}, t.TempDir(): {"cat.jpg": "meow"},
	}, "")
	c := newComputer(t)
	c.getBack(s)
	if !c.sees("Laptop, newest version: Today "+clock(time.Now())+", 300 kB") && !c.sees("Laptop, newest version: Today "+clock(time.Now().Add(-time.Minute))+", 300 kB") {
		t.Errorf("the laptop is not shown; there is %q", slices.Sorted(maps.Keys(texts(c.canvas()))))
	}
	c.stop() // closed before a choice
	c.start()
	c.until("Your backup is found")
	c.tap("Replace my old computer")
	c.picked = filepath.Join(c.own, "back")
	c.tap("Another place")
	c.tap("Bring them back")
	c.until("Your files are back")
	if !c.sees("3 files restored. Every file passed its checks.") && !c.sees("3 files restored") {
		t.Errorf("the report is %q", slices.Sorted(maps.Keys(texts(c.canvas()))))
	}
	c.tap("Keep them from now on")
	c.until("You can close this window")
	c.until("Everything is safe")
	found := 0
	for _, want := range []string{"letter.txt", "deep/er.txt", "cat.jpg"} {
		if hits, err := filepath.Glob(filepath.Join(c.picked, "*", want)); err == nil && len(hits) == 1 {
			found++
		}
	}
	if found != 3 {
		t.Errorf("%d of 3 files came back", found)
	}
	c.tap("Open Roost")
	if len(c.w.now.Folders) != 2 {
		t.Errorf("%d folders are kept", len(c.w.now.Folders))
	}
	c.until("Laptop is replaced by this computer")
	if got := deviceState(t, c, "Laptop"); got != syncer.DeviceRetired {
		t.Errorf("the old computer is %q", got)
	}
	c.tap("OK")
	c.untilGone("Laptop is replaced by this computer")
}

// deviceState is what the backup says of a device.
func deviceState(t *testing.T, c *computer, name string) string {
	t.Helper()
	all, err := c.w.engine.(*openedEngine).Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if d.Name == name {
			return d.State
		}
	}
	return ""
}

// untilGone is until for what leaves the screen.
func (c *computer) untilGone(text string) {
	c.t.Helper()
	for end := time.After(time.Minute); c.sees(text); {
		select {
		case f := <-c.posts:
			f()
		case <-end:
			c.t.Fatalf("%q stays on screen", text)
		}
	}
}

// A person changes their mind before any folder is kept: what they chose last counts, also over a crash.
func TestAnotherChoiceEndsTheWishToReplaceAComputer(t *testing.T) {
	d := nodetest.StartKubo(t)
	s := backUp(t, d, "Laptop", map[string]map[string]string{t.TempDir(): {"letter.txt": "dear"}}, "")
	c := newComputer(t)
	c.file("Documents/letter.txt", "dear")
	c.getBack(s)
	if err := c.guide.Replace(t.Context(), c.w.onboarding.found[0].ID); err != nil { // and the computer went off before folders were kept
		t.Fatal(err)
	}
	c.stop()
	c.start()
	c.until("Your backup is found")
	c.tap("Add this device")
	c.until("Which folders must not be lost?")
	c.tap("Keep these folders")
	c.until("Everything is safe")
	if c.w.now.Replaces != nil {
		t.Errorf("it goes on to replace %+v", c.w.now.Replaces)
	}
	if got := deviceState(t, c, "Laptop"); got != syncer.DeviceActive {
		t.Errorf("the old computer is %q", got)
	}
}

// What lies there already stays, whatever comes back beside it.
func TestFilesComeBackWithoutOverwritingAnything(t *testing.T) {
	d := nodetest.StartKubo(t)
	s := backUp(t, d, "Laptop", map[string]map[string]string{filepath.Join(t.TempDir(), "Documents"): {"letter.txt": "old", "other.txt": "other"}}, "")
	c := newComputer(t)
	c.file("Documents/letter.txt", "mine")
	c.getBack(s)
	c.tap("Replace my old computer")
	if !c.sees("Documents, 2 files · 8 bytes, chosen") {
		t.Error("the folder is not listed")
	}
	c.picked = c.own
	c.tap("Another place")
	c.tap("Bring them back")
	c.until("Your files are back")
	c.reads("Documents/letter.txt", "mine")
	c.reads("Documents/other.txt", "other")
	both, err := filepath.Glob(filepath.Join(c.own, "Documents", "letter*.txt"))
	if err != nil || len(both) != 2 {
		t.Errorf("of the letter there is %v, error %v", both, err)
	}
}

func TestASecondDeviceAndJustLooking(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	d := nodetest.StartKubo(t)
	s := backUp(t, d, host, map[string]map[string]string{t.TempDir(): {"a.txt": "a"}}, "")

	c := newComputer(t)
	c.file("Documents/letter.txt", "dear")
	c.getBack(s)
	c.tap("Add this device")
	c.until("Which folders must not be lost?")
	c.tap("Keep these folders")
	c.until("Everything is safe")
	if deviceState(t, c, host+" 2") != syncer.DeviceActive {
		t.Errorf("the second device has no name of its own beside %s", host)
	}
	c.stop()

	c = newComputer(t)
	c.getBack(s)
	c.tap("Just look")
	c.until("Folders that are kept")
	c.until("a.txt")
	c.stop()
	c.start()
	if c.w.onboarding != nil {
		t.Error("who just looks is asked again")
	}
}

// Who has lost the address, too, asks another device, and the words lead to everything.
func TestTheWordsAloneFindTheStorage(t *testing.T) {
	dht := nodetest.StartDHT(t, 3)
	s := backUp(t, dht[0], "Laptop", map[string]map[string]string{filepath.Join(t.TempDir(), "Documents"): {"letter.txt": "dear"}}, "", func(e *syncer.Engine) {
		if err := e.Set(t.Context(), "find-by-words", "on"); err != nil {
			t.Fatal(err)
		}
	})
	c := newComputer(t)
	c.tap("Get my files back, or add this device")
	c.paste("Word 1", strings.Join(s.words, " "))
	c.tap("Continue")
	c.tap("I have only the words")
	c.until("Whom shall Roost ask?")
	c.tap("Back")
	c.until("Where is your backup?")
	c.tap("I have only the words")
	c.enter("Address", dht[2].URL)
	c.enter("Key", dht[2].Token)
	c.tap("Continue")
	c.until("Your backup is found")
	dht[0].Stop(t)
	c.getsTheLetterBack()
}

// getsTheLetterBack goes on from where a backup with one letter is found until that is in a folder of the new computer.
func (c *computer) getsTheLetterBack() {
	c.t.Helper()
	c.tap("Replace my old computer")
	c.picked = c.own
	c.tap("Another place")
	c.tap("Bring them back")
	c.until("Your files are back")
	c.reads("Documents/letter.txt", "dear")
}

func TestWrongWordsAreNamedInEachWay(t *testing.T) {
	d := nodetest.StartKubo(t)
	s := backUp(t, d, "Laptop", map[string]map[string]string{t.TempDir(): {"a.txt": "a"}}, "")
	other := backUp(t, nodetest.StartKubo(t), "Other", map[string]map[string]string{t.TempDir(): {"a.txt": "a"}}, "")
	c := newComputer(t)
	c.tap("Get my files back, or add this device")
	c.tap("Continue")
	c.until("Word 1 is missing")

	wrong := slices.Clone(s.words)
	wrong[6] = "xqzzzq"
	c.paste("Word 1", strings.Join(wrong, " "))
	if !c.sees("Word 7. This word isn't in the list.") {
		t.Error("a word that is none is not named")
	}
	wrong[6] = "canall"
	c.paste("Word 1", strings.Join(wrong, "\n"))
	if !c.sees("Word 7. This word isn't in the list. Did you mean canal?") {
		t.Error("the nearest word is not named")
	}
	c.tap("Continue")
	c.until("Word 7 isn't in the list")

	swapped := slices.Clone(s.words)
	for i := range swapped { // two that differ, until the checksum says so
		swapped = slices.Clone(s.words)
		swapped[i], swapped[(i+1)%24] = swapped[(i+1)%24], swapped[i]
		if syncer.SpellWords(strings.Join(swapped, " ")) != nil {
			break
		}
	}
	c.paste("Word 1", strings.Join(swapped, " "))
	c.tap("Continue")
	c.until("These words do not belong together")

	c.paste("Word 1", "1. "+strings.Join(s.words[:12], ", 2. ")+" "+strings.Join(s.words[12:], " "))
	c.tap("Continue")
	c.until("Where is your backup?")
	c.tap("A device that I already run")
	c.enter("Address", other.d.URL) // the words are right, the storage is another one's
	c.enter("Key", other.d.Token)
	c.tap("Continue")
	c.until("No backup of yours is on this storage")
	if _, err := os.Stat(filepath.Join(c.roost, "config.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a home was made: %v", err)
	}
	c.tap("Back")
	c.tap("A folder on this computer")
	c.until("There is no storage of Roost in this folder")
	c.tap("Back")
	c.until("Your 24 recovery words")
	if c.w.onboarding.typed[23] != s.words[23] || c.sees("Word 24 is missing") {
		t.Error("going back loses the words")
	}
}

// A restore of the first steps is the engine's: it goes on when Roost was ended, and its end is told whenever somebody looks.
func TestARestoreOfTheFirstStepsOutlivesTheWindow(t *testing.T) {
	d := nodetest.StartKubo(t)
	files := map[string]string{}
	for i := range 200 {
		files[number(int64(i))+".bin"] = strings.Repeat(number(int64(i)), 20_000)
	}
	s := backUp(t, d, "Laptop", map[string]map[string]string{t.TempDir(): files}, "")
	all := func(c *computer) {
		t.Helper()
		c.until("Your files are back")
		if hits, err := filepath.Glob(filepath.Join(c.own, "Brought back by Roost", "*", "*.bin")); err != nil || len(hits) != 200 {
			t.Errorf("%d of 200 files came back, error %v", len(hits), err)
		}
	}
	c := newComputer(t)
	c.getBack(s)
	c.tap("Replace my old computer")
	c.tap("Bring them back")
	c.until("Bringing your files back")
	c.stop()
	c.start()
	all(c)
	c.stop() // before it was decided what to keep
	c.start()
	all(c)
	c.tap("Keep them from now on")
	c.until("Everything is safe")
	c.tap("Open Roost")
	c.until("Laptop is replaced by this computer")
}

func TestThePasswordIsAskedForOnceForEachTry(t *testing.T) {
	speak(t, "en")
	appIn(theme.VariantLight)
	c := &computer{t: t, w: &Window{over: test.NewTempWindow(t, nil)}}
	var typed []string
	ask := func(wrong bool) {
		if err := AskPassword(c.w.over, wrong, func(text string) { typed = append(typed, text) }); err != nil {
			t.Fatal(err)
		}
	}
	ask(false)
	c.tap("Continue")
	if !c.sees("Password. Type the password.") {
		t.Error("an empty password passes")
	}
	c.enter("Password", "one")
	c.key(fyne.KeyReturn)
	ask(true)
	if !c.sees("Password. This is not the right password") {
		t.Error("nobody is told that it was wrong")
	}
	c.enter("Password", "two")
	c.tap("Continue")
	if !slices.Equal(typed, []string{"one", "two"}) {
		t.Errorf("typed %q", typed)
	}
}

// A storage that Roost runs in a folder of a drive is made there, and found there from another computer.
func TestADriveIsKeptOnAndFoundAgain(t *testing.T) {
	t.Setenv("ROOST_IPFS", nodetest.Binary(t))
	drive := t.TempDir()
	c := newComputer(t)
	c.file("Documents/letter.txt", "dear")
	c.picked = drive
	c.tap("Keep my folders safe")
	c.tap("An external drive")
	c.until("Another folder")
	c.tap("Another folder")
	if !c.sees("It is the same disk") {
		t.Fatal("nobody is warned that the folder lies on the same disk")
	}
	c.tap("Use it anyway")
	c.until("24 words bring everything back")
	c.tap("Show my words")
	c.until("Your 24 recovery words")
	words := c.words()
	c.tap("Do this later. Roost will remind you.")
	c.until("Which folders must not be lost?")
	c.tap("Keep these folders")
	c.until("Everything is safe")
	c.stop()

	c = newComputer(t)
	c.picked = t.TempDir()
	c.tap("Get my files back, or add this device")
	c.paste("Word 1", strings.Join(words, " "))
	c.tap("Continue")
	c.tap("An external drive")
	c.until("Another folder")
	c.tap("Another folder")
	c.until("There is no storage of Roost in this folder")
	c.picked = drive // the folder around the storage
	c.tap("Another folder")
	c.until("Your backup is found")
	c.getsTheLetterBack()
}

// All that is left is a disk with a copy of the backup, among other things, and the words: the files come back, and a folder without a copy
// is said to be none.
func TestFilesComeBackFromACopyOnADisk(t *testing.T) {
	t.Setenv("ROOST_IPFS", nodetest.Binary(t))
	disk := t.TempDir()
	if err := os.WriteFile(filepath.Join(disk, "song.mp3"), []byte("la"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := nodetest.StartKubo(t)
	s := backUp(t, d, "Laptop", map[string]map[string]string{filepath.Join(t.TempDir(), "Documents"): {"letter.txt": "dear"}}, "", func(e *syncer.Engine) {
		if _, err := e.Backup(t.Context(), nil, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Export(t.Context(), filepath.Join(disk, "all.car"), nil); err != nil {
			t.Fatal(err)
		}
	})
	d.Stop(t)
	c := newComputer(t)
	c.picked = t.TempDir()
	c.tap("Get my files back, or add this device")
	c.paste("Word 1", strings.Join(s.words, " "))
	c.tap("Continue")
	c.tap("A copy of this backup on a disk")
	c.until("This is no backup that Roost wrote")
	c.tap("Back")
	c.until("Where is your backup?")
	c.picked = disk
	c.tap("A copy of this backup on a disk")
	c.until("Your backup is found")
	c.getsTheLetterBack()
}
