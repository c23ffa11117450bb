package ui

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/ui/kit"
)

// chosenDesk is a window with the settings of a real engine open.
func chosenDesk(t *testing.T) (*desk, *keptFolder) {
	t.Helper()
	k := keep(t)
	d := newDesk(t, realEngine{Engine: k.engine}, Home)
	t.Cleanup(func() { worn = syncer.Look{} })
	d.w.desktop, d.w.login = sampleDesktop{dir: t.TempDir()}, &sampleLogin{}
	d.refresh(k)
	d.tap("Settings")
	return d, k
}

// refresh draws how things are now.
func (d *desk) refresh(k *keptFolder) {
	d.t.Helper()
	d.w.draw(Now{Status: k.engine.Status(d.t.Context()), At: time.Now()})
	d.settle()
}

// writable is a field that a person types into.
type writable interface {
	fyne.Focusable
	fyne.Accessible
	SetText(string)
}

func (d *desk) field(label string) writable {
	d.t.Helper()
	for _, o := range slices.Backward(visible(d.w.over.Canvas())) {
		if f, ok := o.(writable); ok && strings.HasPrefix(f.AccessibilityLabel(), label) {
			return f
		}
	}
	d.t.Fatalf("there is no field %q among %q", label, d.said())
	return nil
}

// fill types text into a field instead of what is there.
func (d *desk) fill(label, text string) {
	d.t.Helper()
	f := d.field(label)
	d.w.over.Canvas().Focus(f)
	f.SetText("")
	test.Type(f, text)
	d.settle()
}

// press types a key where the keyboard is.
func (d *desk) press(name fyne.KeyName) {
	d.t.Helper()
	d.w.over.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: name})
	d.settle()
}

// setting is what the engine has.
func (k *keptFolder) setting(key string) string {
	for _, s := range k.engine.Settings(k.t.Context()) {
		if s.Key == key {
			return s.Value
		}
	}
	k.t.Fatalf("there is no setting %s", key)
	return ""
}

func (k *keptFolder) wants(key, value string) {
	k.t.Helper()
	if got := k.setting(key); got != value {
		k.t.Errorf("%s is %q, want %q", key, got, value)
	}
}

func TestEverySettingOfTheEngineHasAPlaceInTheWindow(t *testing.T) {
	d, k := chosenDesk(t)
	s := d.w.screens[Settings].(*settingsScreen)
	shown := make(map[string]bool)
	for _, x := range k.engine.Settings(t.Context()) {
		before := make(map[sectionKind]string)
		pages := []sectionKind{sectionLeftOut, sectionPace, sectionComputer, sectionNetwork, sectionAdvanced}
		look := func(page sectionKind) string {
			s.show(section{kind: page})
			d.settle()
			d.w.draw(Now{At: morning})
			said := d.said()
			slices.Sort(said)
			return drawing(d.w.over.Canvas()) + strings.Join(said, "\n")
		}
		for _, page := range pages {
			before[page] = look(page)
		}
		other := map[string]string{
			"off": "on", "on": "off", "none": "7MB", "gentle": "normal", "wait": "gentle", "system": "dark", "5s": "5m", "30s": "1m", "6h": "7h", "24h": "168h", "2160h": "8760h", "720h": "168h", "15m": "1h", "all": "2",
		}[x.Value]
		switch x.Key {
		case "language":
			other = "en"
		case "quiet-hours":
			other = "01:00-02:00"
		}
		if err := k.engine.Set(t.Context(), x.Key, other); err != nil {
			t.Fatalf("%s: %v", x.Key, err)
		}
		for _, page := range pages {
			shown[x.Key] = shown[x.Key] || look(page) != before[page]
		}
		if !shown[x.Key] {
			t.Errorf("the window does not show that %s is %s", x.Key, other)
		}
	}
}

func TestLimitsAreTakenAtOnceAndNonsenseIsSaidBesideTheField(t *testing.T) {
	d, k := chosenDesk(t)
	d.tap("When and how fast")
	d.fill("Sending, at most", "as fast as you like")
	d.press(fyne.KeyReturn)
	if said := d.field("Sending, at most").AccessibilityLabel(); !strings.Contains(said, "Type an amount, such as 500 kB") {
		t.Errorf("the field says %q", said)
	}
	k.wants("limit-up", "none")
	d.fill("Sending, at most", "1,5 MB/s")
	d.press(fyne.KeyReturn)
	k.wants("limit-up", "1.5MB")
	if said := d.field("Sending, at most").AccessibilityLabel(); strings.Contains(said, "Type an amount") {
		t.Errorf("the field still says %q", said)
	}
	d.fill("Data in a month", "50GB")
	d.w.over.Canvas().FocusNext() // leaving the field is enough
	d.settle()
	k.wants("data-budget", "50GB")
	d.fill("Sending, at most", "")
	d.press(fyne.KeyReturn)
	k.wants("limit-up", "none")
	d.tap("Wait")
	d.tap("5 minutes")
	k.wants("settle", "5m")
	d.tap("Back to Settings")
	d.sees("50 GB a month")
}

func TestQuietHoursAreSwitchedAndSet(t *testing.T) {
	d, k := chosenDesk(t)
	d.tap("When and how fast")
	d.tap("Save nothing by itself at certain hours, off")
	k.wants("quiet-hours", "22:00-07:00")
	d.fill("From", "21:30")
	d.press(fyne.KeyReturn)
	d.fill("Until", "6:00")
	d.press(fyne.KeyReturn)
	k.wants("quiet-hours", "21:30-06:00")
	d.fill("Until", "21:30")
	d.press(fyne.KeyReturn)
	d.sees("Type two different times, such as 22:00 and 7:00.")
	k.wants("quiet-hours", "21:30-06:00")
	d.tap("Save nothing by itself at certain hours, on")
	k.wants("quiet-hours", "none")
}

// The look changes while the window is open, stays where it was, and is remembered by the home.
func TestLanguageAndColoursChangeWithoutARestart(t *testing.T) {
	d, k := chosenDesk(t)
	light := fyne.CurrentApp().Settings().Theme().Color(kit.ColourPage, theme.VariantLight)
	d.tap("On this computer")
	d.tap("Deutsch")
	d.refresh(k)
	d.sees("Auf diesem Computer", "Sprache", "Einstellungen")
	d.seesNot("Language")
	d.tap("Dunkel")
	d.refresh(k)
	if dark := fyne.CurrentApp().Settings().Theme().Color(kit.ColourPage, theme.VariantLight); dark == light {
		t.Error("it is as light as before")
	}
	k.wants("language", "de")
	k.wants("theme", "dark")
	d.tap("Übersicht")
	d.sees("Ordner")
	if tray := TrayOf(d.w.now); !strings.Contains(strings.Join(trayLabels(tray), "|"), "Jetzt sichern") {
		t.Errorf("the tray says %q", trayLabels(tray))
	}
	d.tap("Einstellungen")
	d.tap("English")
	d.refresh(k)
	d.sees("On this computer")
	if d.w.Opened() != Settings {
		t.Error("another place is open")
	}
}

func trayLabels(tray Tray) (all []string) {
	for _, item := range tray.Menu {
		all = append(all, item.Label)
	}
	return all
}

func TestAFolderIsKeptAsAPersonSaysAndItsRulesAreTriedBeforeTheyCount(t *testing.T) {
	d, k := chosenDesk(t)
	k.write("cache.tmp", "12345")
	k.write("deep/more.tmp", "123")
	d.tap("Folders")
	d.tap("Papers")
	d.tap("Only when I say")
	d.refresh(k)
	if f := k.engine.Folders()[0]; f.Mode != syncer.Manual {
		t.Errorf("it is kept %s", f.Mode)
	}
	d.tap("May wait when data gets short, off")
	d.refresh(k)
	d.sees("May wait when data gets short, on", "No rules of its own leave anything out.")

	rules := filepath.Join(k.dir, ".roostignore")
	d.fill("Rules of this folder", "*.tmp")
	d.sees("This would leave out 2 files, 8 bytes. 2 files,")
	if _, err := os.Stat(rules); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("typing wrote the rules: %v", err)
	}
	d.fill("Rules of this folder", "*")
	d.sees("Line 1 leaves out the whole folder.")
	d.fill("Rules of this folder", "*.tmp")
	d.seesNot("Line 1")
	d.tap("Save the rules")
	d.sees("The rules are saved", "These rules leave out 2 files, 8 bytes.")
	if text := k.content(".roostignore"); text != "*.tmp" {
		t.Errorf("the rules are %q", text)
	}
	d.tap("Undo: The rules are saved")
	if _, err := os.Stat(rules); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("undoing left the rules: %v", err)
	}
	d.sees("No rules of its own leave anything out.")

	d.fill("Rules of this folder", "*.bak")
	k.write(".roostignore", "by another program")
	d.tap("Save the rules")
	d.sees("Another program changed these rules meanwhile.")
	if text := k.content(".roostignore"); text != "by another program" {
		t.Errorf("the rules of another program became %q", text)
	}
}

func TestRemovingAFolderSaysWhatStaysAndCanBeUndone(t *testing.T) {
	d, k := chosenDesk(t)
	was := k.engine.Folders()[0]
	d.tap("Folders")
	d.tap("Papers")
	d.tap("Stop keeping it")
	d.sees("Stop keeping Papers?", "All versions that are on your storage stay there")
	d.tap("Cancel")
	if len(k.engine.Folders()) != 1 {
		t.Fatal("it was removed all the same")
	}
	d.tap("Stop keeping it")
	d.tap("Stop keeping it") // in the dialog, which lies on top
	d.refresh(k)
	if len(k.engine.Folders()) != 0 {
		t.Fatal("it is still kept")
	}
	d.sees("Papers is not kept any more", "No folder is kept yet")
	d.tap("Undo: Papers is not kept any more")
	d.refresh(k)
	if now := k.engine.Folders(); len(now) != 1 || now[0].ID != was.ID {
		t.Errorf("after undoing: %+v, before: %+v", now, was)
	}
	d.sees("Papers")
	if versions, _, err := k.engine.Snapshots(t.Context(), ""); err != nil || len(versions) != 3 {
		t.Errorf("its versions are %d, %v", len(versions), err)
	}
}

func TestFoldersAreAddedByButtonAndByDropping(t *testing.T) {
	d, k := chosenDesk(t)
	other, dropped := t.TempDir(), t.TempDir()
	d.w.picked = func(chosen func(string)) { chosen(other) }
	d.tap("Folders")
	d.tap("Add folder")
	d.w.addDropped([]fyne.URI{storage.NewFileURI(dropped)})
	d.settle()
	d.refresh(k)
	d.sees(filepath.Base(other), filepath.Base(dropped))
	d.w.picked = func(chosen func(string)) { chosen(filepath.Join(k.dir, "inside")) }
	if err := os.Mkdir(filepath.Join(k.dir, "inside"), 0o700); err != nil {
		t.Fatal(err)
	}
	d.tap("Add folder")
	d.sees("Folders cannot lie inside each other")
}

func TestPresetsSayWhatTheyLeaveOutAndAreSwitched(t *testing.T) {
	d, k := chosenDesk(t)
	k.write("project/node_modules/x/index.js", "123456")
	d.tap("What is left out")
	d.sees("1 file, 6 bytes, is left out now.")
	d.tap("node_modules, on")
	k.wants("ignore-node_modules", "off")
	d.sees("node_modules, off")
	d.seesNot("is left out now")
	d.fill("Largest file", "4 GB")
	d.press(fyne.KeyReturn)
	k.wants("max-file-size", "4GB")
	d.fill("Largest file", "huge")
	d.press(fyne.KeyReturn)
	d.sees("Type a size, such as 500 MB or 4 GB, or nothing for no limit.")
	d.tap("Back to Settings")
	d.sees("files over 4 GB")
}

// The words are on the screen only after the password, not longer than they have to be, and never on another page.
func TestTheWordsAreShownOnlyToWhoHasThePassword(t *testing.T) {
	d, k := chosenDesk(t)
	d.w.desktop = sampleDesktop{password: "Zwetschgenkuchen", dir: t.TempDir()}
	words, err := k.engine.Words(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	onScreen := func() (n int) {
		said := d.said()
		for _, w := range words {
			if slices.Contains(said, w) {
				n++
			}
		}
		return n
	}
	d.tap("Recovery words")
	d.sees("You have not shown yet that you have the words.", k.engine.Fingerprint())
	d.tap("Show the words")
	d.fill("Your password for Roost", "Apfelkuchen")
	d.press(fyne.KeyReturn)
	d.sees("This is not the right password")
	if onScreen() != 0 {
		t.Fatal("words are shown without the password")
	}
	d.fill("Your password for Roost", "Zwetschgenkuchen")
	d.tap("Go on")
	if n := onScreen(); n < 20 { // some may come twice
		t.Fatalf("%d words are shown", n)
	}
	d.w.draw(Now{Status: d.w.now.Status, At: time.Now().Add(3 * time.Minute)})
	if onScreen() != 0 {
		t.Error("the words stay on the screen")
	}
	d.tap("Show the words")
	d.fill("Your password for Roost", "Zwetschgenkuchen")
	d.tap("Go on")
	d.tap("Hide the words")
	if onScreen() != 0 {
		t.Error("the words are not hidden")
	}

	to := t.TempDir()
	d.w.picked = func(chosen func(string)) { chosen(to) }
	d.tap("Save the sheet")
	d.fill("Your password for Roost", "Zwetschgenkuchen")
	d.press(fyne.KeyReturn)
	d.sees("The sheet is saved", "move it away from this computer")
	if pdf, err := os.ReadFile(filepath.Join(to, "Roost recovery sheet.pdf")); err != nil || !strings.HasPrefix(string(pdf), "%PDF-") {
		t.Errorf("the sheet: %v", err)
	}
}

func TestWithoutAPasswordAPersonIsWarnedBeforeTheWords(t *testing.T) {
	d, _ := chosenDesk(t)
	d.tap("Recovery words")
	d.sees("Roost cannot ask for it here")
	d.tap("Show the words")
	d.sees("Is nobody looking at your screen?")
	d.seesNot("They go away by themselves")
	d.tap("Cancel")
	d.seesNot("They go away by themselves")
	d.tap("Show the words")
	d.tap("Go on")
	d.sees("They go away by themselves after two minutes.")
	d.tap("Back to Settings")
	d.tap("Recovery words")
	d.seesNot("They go away by themselves")
}

// Where the system can ask who sits here, it is asked every time, and whoever is not sure to be the owner sees no word.
func TestTheSystemAsksForTheLogInBeforeTheWords(t *testing.T) {
	d, _ := chosenDesk(t)
	d.w.desktop = sampleDesktop{logIns: &[]LogIn{LogInRefused, LogInGiven, LogInRefused, LogInNotAsked}}
	d.tap("Recovery words")
	d.sees("This computer asks for your log-in before Roost shows them.")
	d.tap("Show the words")
	d.tap("Go on")
	d.sees("Your log-in was not given, so the words stay hidden.")
	d.seesNot("They go away by themselves")
	d.tap("Go on")
	d.sees("They go away by themselves after two minutes.")
	d.tap("Hide the words")

	d.tap("Show the words")
	d.tap("Go on")
	d.seesNot("They go away by themselves") // it does not count that it was given before
	d.tap("Go on")
	d.sees("This computer has no way to ask for your log-in now.")
	d.seesNot("They go away by themselves")
	d.tap("Go on") // a desktop without that window must not lock its owner out
	d.sees("They go away by themselves after two minutes.", "Roost cannot ask for it here")
}

func TestCheckingTheWordsIsWrittenDown(t *testing.T) {
	d, k := chosenDesk(t)
	words, err := k.engine.Words(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.tap("Recovery words")
	d.tap("Check them now")
	for i := range words {
		for _, o := range visible(d.w.over.Canvas()) {
			if f, ok := o.(writable); ok && strings.HasPrefix(f.AccessibilityLabel()+".", "Word "+number(int64(i+1))+".") {
				f.SetText(words[i])
			}
		}
	}
	d.tap("Check")
	d.sees("You had them just now.", "Roost asks again on "+fullDate(time.Now().Add(7*24*time.Hour)))
}

func TestTheUsualSettingsComeBackAndThatCanBeUndone(t *testing.T) {
	d, k := chosenDesk(t)
	ctx := t.Context()
	for key, value := range map[string]string{"limit-up": "1MB", "settle": "5m", "theme": "light", "ignore-trash": "off"} {
		if err := k.engine.Set(ctx, key, value); err != nil {
			t.Fatal(err)
		}
	}
	d.tap("Advanced")
	d.tap("Bring the usual settings back")
	k.wants("limit-up", "none")
	k.wants("settle", "5s")
	k.wants("ignore-trash", "on")
	k.wants("theme", "light") // who chose a look keeps it
	d.tap("Undo: The usual settings are back")
	k.wants("limit-up", "1MB")
	k.wants("settle", "5m")
	k.wants("ignore-trash", "off")
}

func TestTimesTakeOnlyWhatFits(t *testing.T) {
	d, k := chosenDesk(t)
	d.tap("Advanced")
	d.fill("Full look through a watched folder", "1s")
	d.press(fyne.KeyReturn)
	d.sees("Type a time that fits, such as 30s, 10m or 6h.")
	k.wants("rescan", "6h")
	d.fill("Full look through a watched folder", "90m")
	d.press(fyne.KeyReturn)
	k.wants("rescan", "1h30m")
	d.seesNot("Type a time that fits")
}

func TestAReportIsSavedWhereAPersonSays(t *testing.T) {
	d, _ := chosenDesk(t)
	to := t.TempDir()
	d.w.picked = func(chosen func(string)) { chosen(to) }
	d.tap("Advanced")
	d.tap("Save a report")
	d.sees("The report is saved", filepath.Join(to, "Roost report.zip"))
}

func TestStartingAtLogInIsWhatTheComputerSays(t *testing.T) {
	d, _ := chosenDesk(t)
	login := d.w.login.(*sampleLogin)
	d.tap("On this computer")
	d.tap("Start when I log in, off")
	d.sees("Start when I log in, on")
	if !login.on {
		t.Error("the computer was not told")
	}
	login.err = os.ErrPermission
	d.tap("Start when I log in, on")
	d.sees("Start when I log in, on", "This computer does not allow it")
}

func TestTheDevicesOfTheBackupAreListed(t *testing.T) {
	d, _ := chosenDesk(t)
	d.tap("A device is lost")
	d.sees("Laptop", "This computer", "3 versions")
	d.tap("Recovery words")
	d.sees("Sheet lost?", "Found by a stranger?")
}

// A computer that was stolen is shut out from the window of another one, and what is left to do is said.
func TestALostComputerIsShutOutAndItsVersionsStay(t *testing.T) {
	k := keep(t)
	words, err := k.engine.Words(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	opts := syncer.Options{Home: filepath.Join(t.TempDir(), "other"), Keys: &memoryKeys{keys: map[string][32]byte{}}}
	how := syncer.SetupOptions{URL: k.kubo.URL, Token: k.kubo.Token, Device: "Desk", NodeName: "Pi", Words: strings.Join(words, " ")}
	if _, err := syncer.Setup(t.Context(), opts, how); err != nil {
		t.Fatal(err)
	}
	other, err := syncer.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() }) // it was shut out
	mine := filepath.Join(t.TempDir(), "Desk papers")
	if err := os.MkdirAll(mine, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(mine, "plan.txt"), []byte("a plan"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := other.AddFolders(t.Context(), []string{mine}); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Backup(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}

	d := newDesk(t, realEngine{Engine: k.engine}, Home)
	d.w.desktop = sampleDesktop{}
	d.refresh(k)
	d.tap("Settings")
	d.tap("A device is lost")
	d.sees("Desk", "1 version")
	d.tap("Desk")
	d.sees("What became of Desk?", "It was lost or stolen", "Its 1 versions stay")
	d.tap("Cancel")
	d.tap("Desk")
	d.tap("Shut it out")
	d.sees("Desk is out of the backup. Its versions are kept.", "Shut out", "Pi still takes the old key")
	d.tap("Copy the line")
	if line := fyne.CurrentApp().Clipboard().Content(); !strings.Contains(line, "API.Authorizations") {
		t.Errorf("copied was %q", line)
	}
	if _, err := other.Backup(t.Context(), nil, nil); err == nil {
		t.Error("the lost computer still saves")
	}
	found, err := k.engine.Find(t.Context(), "plan.txt")
	if err != nil || len(found) == 0 {
		t.Errorf("what it had saved is gone: %v, %v", found, err)
	}
}

func TestWhatRoostIsCanBeCopied(t *testing.T) {
	d, _ := chosenDesk(t)
	d.tap("About Roost")
	d.sees("Version 0.1.0 · 0a1b2c3d4e5f · linux/amd64", "Licence", "How your backup is stored", "Open source notices")
	d.tap("Copy")
	if got := fyne.CurrentApp().Clipboard().Content(); !strings.Contains(got, "Roost Version 0.1.0") {
		t.Errorf("copied was %q", got)
	}
}

// A computer gets another name, for every device that sees it.
func TestThisComputerIsRenamed(t *testing.T) {
	d, k := chosenDesk(t)
	d.tap("On this computer")
	d.tap("Rename this computer")
	d.fill("New name", "  ")
	d.press(fyne.KeyReturn)
	d.sees("New name", "It is not possible like this")
	d.fill("New name", "Study")
	d.press(fyne.KeyReturn)
	d.sees("This computer is called Study from now on.")
	all, err := k.engine.Devices(t.Context())
	if err != nil || len(all) != 1 || all[0].Name != "Study" {
		t.Errorf("the devices are %+v, %v", all, err)
	}
	d.refresh(k)
	d.sees("Study")
}
