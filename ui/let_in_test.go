package ui

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"

	"roost/syncer"
)

// fourWords reads the words that a screen gives for comparing.
func fourWords(t *testing.T, texts map[string]bool) string {
	t.Helper()
	for text := range texts {
		if strings.Count(text, "-") == 3 && !strings.ContainsAny(text, " :/") {
			return text
		}
	}
	t.Fatal("there are no four words on screen")
	return ""
}

// A computer is let in by another one through both windows: a code goes there, an answer comes back, the screens show the same words,
// and it goes on as any other device. What is wrong on the way is said, and lets nobody in.
func TestAComputerIsLetInByAnotherOneWithoutTheWords(t *testing.T) {
	k := keep(t)
	c := newComputer(t) // asks
	c.file("Documents/letter.txt", "dear")
	c.tap("Get my files back, or add this device")
	c.tap("Use another computer instead")
	c.until("2. Bring its answer back")
	if !c.sees("Good for 10 more minutes") {
		t.Error("nobody says how long the code is good")
	}
	asking := fourWords(t, texts(c.canvas()))
	c.tap("Copy the code")
	code := fyne.CurrentApp().Clipboard().Content()
	c.paste("Answer of the other computer", code)
	c.tap("Continue")
	c.until("This is another code")
	c.paste("Answer of the other computer", "hello")
	c.tap("Continue")
	c.until("This is another code")

	d := newDesk(t, realEngine{Engine: k.engine}, Home) // lets in
	d.w.desktop, d.w.login = sampleDesktop{dir: t.TempDir()}, &sampleLogin{}
	d.refresh(k)
	d.tap("Settings")
	d.tap("Add a device")
	for given, want := range map[string]string{
		"": "This is another code", "hello": "This is another code", code[:30]: "The code is not complete", code[:40] + "AAAA" + code[44:]: "The code has a mistake in it",
	} {
		d.field("Code of the other computer").SetText(given)
		d.tap("Continue")
		d.sees(want)
	}
	d.field("Code of the other computer").SetText(" " + code[:20] + "\n" + code[20:])
	d.tap("Continue")
	if host, err := os.Hostname(); err != nil {
		t.Fatal(err)
	} else {
		d.sees("Is it "+host+" that asks?", asking)
	}
	d.tap("They are not the same")
	d.sees("Nobody was let in")
	d.field("Code of the other computer").SetText(code)
	d.tap("Continue")
	d.tap("They are the same: let it in")
	d.sees("is let in", "Your storage is not within its reach") // a test's storage is on this computer
	words := fourWords(t, texts(d.w.over.Canvas()))
	d.tap("Copy the code")
	answer := fyne.CurrentApp().Clipboard().Content()
	to := t.TempDir()
	d.w.picked = func(chosen func(string)) { chosen(to) }
	d.tap("Save as a file")
	path := filepath.Join(to, "roost-code.txt")
	if b, err := os.ReadFile(path); err != nil || strings.TrimSpace(string(b)) != answer || answer == code {
		t.Errorf("saved is %q, %v", b, err)
	}
	d.tap("Devices of this backup")
	d.sees("Nothing is saved yet.")
	d.tap("Settings")
	d.tap("Add a device")
	d.field("Code of the other computer").SetText(code)
	d.tap("Continue")
	d.tap("They are the same: let it in")
	d.sees("This code was used already")

	if !c.w.onboarding.drop([]fyne.URI{storage.NewFileURI(path)}) {
		t.Fatal("the file is not taken")
	}
	c.until("Are the words the same?")
	if got := fourWords(t, texts(c.canvas())); got != words || got == asking {
		t.Errorf("the screens show %q and %q", got, words)
	}
	c.tap("They are the same")
	c.tap("A device that I already run")
	c.enter("Address", k.kubo.URL)
	c.enter("Key", k.kubo.Token)
	c.tap("Continue")
	c.until("Your backup is found")
	if c.sees("Replace my old computer") {
		t.Error("it offers what it needs the words for")
	}
	c.stop()
	c.start() // it is remembered that it was let in
	c.until("Your backup is found")
	c.tap("Add this device")
	c.until("Which folders must not be lost?")
	c.tap("Keep these folders")
	c.until("Everything is safe")
	all, err := k.engine.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(all, func(x syncer.DeviceInfo) bool { return x.IntroducedBy == "Laptop" && x.Versions == 1 }); i < 0 {
		t.Errorf("the devices are %+v", all)
	}
	if c.w.now.WordsDue {
		t.Error("words are asked for that are not there")
	}
}

// A code that was shown for too long is said to be so, and another one is a tap away.
func TestACodeThatIsTooOldIsReplaced(t *testing.T) {
	c := newComputer(t)
	c.tap("Get my files back, or add this device")
	a, err := syncer.NewApplicant("Tablet")
	if err != nil {
		t.Fatal(err)
	}
	a.Until = time.Now().Add(-time.Second)
	c.w.onboarding.showCodeOf(a)
	c.until("The code is too old now.")
	c.tap("Show a new code")
	c.until("Good for 10 more minutes")
}
