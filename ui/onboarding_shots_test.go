package ui

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	nodekit "roost/packaging/kit"
	"roost/packaging/kit/install"
	"roost/syncer"
	"roost/syncer/guide"
	"roost/ui/kit"
	"roost/vault/archive"
	"roost/vault/node"
)

// sampleWords are words of the list; together they are no key of anybody.
var sampleWords = strings.Fields("canal ocean tiger lamp absorb bronze cactus dinner elbow fabric galaxy harvest " +
	"inject jungle kidney ladder magnet noodle orchard pencil quarter rabbit saddle umbrella")

func sampleDevices() []guide.Device {
	kept := func(path string, files, bytes int64) guide.Kept {
		return guide.Kept{Version: "x", Path: path, Time: time.Now(), Files: files, Bytes: bytes, Complete: true}
	}
	odd := kept("/home/ana/رسائل إلى العائلة", 12, 91_000)
	odd.Complete = false
	return []guide.Device{
		{Name: "Laptop", Newest: time.Now().AddDate(0, 0, -3), Folders: []guide.Kept{
			kept("/home/ana/Documents", 2_321, 12_900_000_000), kept("/home/ana/Pictures", 31_022, 96_400_000_000), odd, kept(`D:\Photos`, 9, 1_000),
		}},
		{Name: "PC\u202E im Arbeitszimmer", Newest: time.Now().AddDate(-1, 0, 0), Folders: []guide.Kept{kept(`C:\Users\ana\Desktop`, 12, 4_000)}},
	}
}

// steps are all pages of the first steps, by name, as a person may find them.
func steps() map[string]func(*onboarding) {
	returning := func(state string, p *syncer.Problem) func(o *onboarding) {
		return func(o *onboarding) {
			now := samples()["safe"]
			now.Restore = &syncer.RestoreRun{ID: "1", State: state, Part: 1, Parts: 3, Problem: p, Progress: syncer.Progress{
				Phase: "restoring", Files: 812, TotalFiles: 2_333, Bytes: 4_900_091_000, TotalBytes: 12_900_091_000, Started: now.At.Add(-time.Minute), Current: "Documents/2026/\u202Etax.pdf",
			}}
			o.w.now = now
			o.showReturning()
		}
	}
	unreachable := syncer.Describe(node.ErrUnreachable)
	return map[string]func(*onboarding){
		"welcome":     func(o *onboarding) { o.showWelcome() },
		"where":       func(o *onboarding) { o.showWhere() },
		"where-back":  func(o *onboarding) { o.back = true; o.showWhere() },
		"same-disk":   func(o *onboarding) { o.showSameDisk() },
		"drives-none": func(o *onboarding) { o.listDrives(o.showDriveList(), nil) },
		"drives": func(o *onboarding) {
			o.listDrives(o.showDriveList(), []guide.Drive{{Name: "Backup", Path: "/run/media/ana/Backup", Free: 812_000_000_000}, {Name: "SANDISK", Path: "/run/media/ana/SANDISK", Free: 61_000_000}})
			o.confirmSameDisk()
		},
		"kinds":      func(o *onboarding) { o.showKinds() },
		"kind":       func(o *onboarding) { o.showKind(kindsOfMachine()[0]) },
		"kind-drive": func(o *onboarding) { o.showKind(kindsOfMachine()[1]) },
		"kit-written": func(o *onboarding) {
			o.showWritten(kindsOfMachine()[0], &nodekit.Written{Dir: "/run/media/ana/USB/roost-kit"})
		},
		"install": func(o *onboarding) { o.showInstall(kindsOfMachine()[0]) },
		"install-trust": func(o *onboarding) {
			o.showInstall(kindsOfMachine()[0])
			o.say(trustQuestion(install.Host{Address: "raspberrypi.local:22", Fingerprint: "SHA256:6JuevvFX7qtHVY6QuBuWoumJ3nUzh1mzqDPsnQLsSH8"}, func(bool) {}))
		},
		"install-join": func(o *onboarding) {
			o.more = &oneMore{boxes: []syncer.StorageStatus{{Name: "Pi in the living room", URL: "https://192.168.1.20:5443"}}, leave: func() {}}
			o.showInstall(kindsOfMachine()[0])
		},
		"moved": func(o *onboarding) {
			o.more = &oneMore{moved: "Pi in the living room", leave: func() {}}
			o.showAddress()
		},
		"code-nearby": func(o *onboarding) {
			pi := syncer.Nearby{Name: "Pi in the living room", Fingerprint: "ab", Addresses: []string{"https://192.168.1.20:5443"}}
			o.askCode(pi, o.showWhere)
			o.sayOther(pi, func() {})
		},
		"code": func(o *onboarding) { o.showCode() },
		"address": func(o *onboarding) {
			o.how.URL = "http://raspberrypi:5001"
			o.showAddress()
			o.fail(fmt.Errorf("ask: %w", syncer.ErrNoRoom))
		},
		"address-group": func(o *onboarding) {
			o.how = syncer.SetupOptions{URL: "http://raspberrypi:5001", ClusterURL: "http://raspberrypi:9094", ClusterToken: "roost:secret"}
			o.showAddress()
			o.fail(fmt.Errorf("ask: %w", node.ErrClusterKey))
		},
		"address-group-away": func(o *onboarding) {
			o.more = &oneMore{moved: "Pi in the living room", leave: func() {}}
			o.how = syncer.SetupOptions{URL: "http://raspberrypi:5001", ClusterURL: "http://raspberrypi:9094"}
			o.showAddress()
			o.fail(fmt.Errorf("ask: %w", node.ErrClusterAway))
		},
		"copy": func(o *onboarding) { o.back = true; o.importCopy("/media/ana/USB\u202E") },
		"copy-wrong": func(o *onboarding) {
			o.back = true
			o.importCopy("/media/ana/USB")
			o.fail(fmt.Errorf("open: %w", archive.ErrUnfinished), kit.NewButton(kit.Secondary, "refresh", "Try again", func() {}))
		},
		"address-http": func(o *onboarding) {
			o.how.URL = "http://raspberrypi:5001"
			o.showAddress()
			o.retry = func() {}
			o.fail(insecure())
		},
		"passphrase": func(o *onboarding) { o.showNewPassphrase() },
		"unlock":     func(o *onboarding) { o.askPassphrase(func() {}) },
		"why":        func(o *onboarding) { o.showWhyWords() },
		"words":      func(o *onboarding) { o.showWords(sampleWords, "canal-ocean-tiger-lamp") },
		"check": func(o *onboarding) {
			o.showCheck(sampleWords, "canal-ocean-tiger-lamp")
		},
		"folders": func(o *onboarding) {
			c := o.showFolderChoice([]guide.Suggestion{{Path: o.home + "/Documents", Usual: true}, {Path: o.home + "/Pictures", Usual: true}, {Path: o.home + "/Downloads"}})
			c.rows[0].size, c.rows[0].state = syncer.Measured{Files: 2_321, Bytes: 12_900_000_000}, counted
			c.rows[1].size = syncer.Measured{Files: 11_022, Bytes: 46_400_000_000}
			c.rows[2].state = uncountable
			for _, t := range c.rows {
				c.draw(t)
			}
		},
		"folders-counted": func(o *onboarding) {
			c := o.showFolderChoice([]guide.Suggestion{{Path: o.home + "/Documents", Usual: true}, {Path: o.home + "/Pictures", Usual: true}})
			for i, t := range c.rows {
				t.size, t.state = syncer.Measured{Files: 2_321, Bytes: int64(i+1) * 12_900_000_000}, counted
				c.draw(t)
			}
		},
		"folders-none": func(o *onboarding) { o.showFolderChoice(nil) },
		"progress":     func(o *onboarding) { o.w.now = samples()["saving"]; o.showProgress() },
		"done":         func(o *onboarding) { o.w.now = samples()["safe"]; o.showProgress() },
		"type-words":   func(o *onboarding) { o.showTypeWords() },
		"type-wrong": func(o *onboarding) {
			copy(o.typed[:], sampleWords)
			o.typed[6] = "galaxi"
			o.showTypeWords()
			o.fail(syncer.SpellWords(strings.Join(sampleWords, " ")))
		},
		"asking": func(o *onboarding) { o.showCodeOf(sampleApplicant()) },
		"asking-old": func(o *onboarding) {
			a := *sampleApplicant()
			a.Until = time.Now().Add(-time.Second)
			o.showCodeOf(&a)
		},
		"joined":            func(o *onboarding) { o.showJoined(&syncer.Joined{Words: "canal-ocean-tiger-lamp"}) },
		"found":             func(o *onboarding) { o.found = sampleDevices(); o.showFound() },
		"found-empty":       func(o *onboarding) { o.showFound() },
		"devices":           func(o *onboarding) { o.found = sampleDevices(); o.showDevices() },
		"what":              func(o *onboarding) { o.showWhat(sampleDevices()[0]) },
		"restoring":         returning(syncer.ErrandGoing, nil),
		"restoring-paused":  returning(syncer.ErrandPaused, nil),
		"restoring-stopped": returning(syncer.ErrandStopped, &unreachable),
		"report": func(o *onboarding) {
			o.showReport(&syncer.RestoreRun{Failed: 2, Total: syncer.Restored{Files: 1_204, Same: 12, Targets: []string{o.home + "/Documents"}, Failed: []syncer.Failure{
				{Path: "Documents/aux\u202E.txt", Reason: "its name is not possible on this computer"}, {Path: "Documents/b", Reason: "its stored data is damaged"},
			}}})
		},
	}
}

// sampleApplicant asks once for all pictures: its words take a moment.
var sampleApplicant = sync.OnceValue(func() *syncer.Applicant {
	a, err := syncer.NewApplicant("Tablet")
	if err != nil {
		panic(err) // there is no randomness
	}
	return a
})

// insecure is what a storage beyond this computer without encryption gives.
func insecure() error {
	return syncer.TryStorage(context.Background(), syncer.Options{}, syncer.SetupOptions{URL: "http://192.0.2.1:5001"}, false)
}

// step shows one page in a window.
func shownStep(t *testing.T, show func(*onboarding)) *Window {
	t.Helper()
	w := shownWindow(t, Now{})
	w.onboarding = newOnboarding(w, nil)
	w.onboarding.home = "/home/ana"
	w.over.SetContent(w.onboarding.root())
	show(w.onboarding)
	for range 3 {
		w.over.Resize(fyne.NewSize(1180, 780))
		w.onboarding.frame.Refresh()
	}
	return w
}

func TestEveryStepFitsTheSmallestWindowInEveryLanguage(t *testing.T) {
	for _, language := range languages() {
		speak(t, language)
		appIn(theme.VariantLight)
		for name, show := range steps() {
			w := shownStep(t, show)
			w.over.Resize(MinSize)
			w.onboarding.frame.Refresh()
			if least := w.onboarding.frame.MinSize(); least.Width > MinSize.Width || least.Height > MinSize.Height {
				t.Errorf("%s, %s: needs %v, the window has %v", language, name, least, MinSize)
			}
			for said := range texts(w.over.Canvas()) {
				if strings.ContainsAny(said, "\u202E\n") {
					t.Errorf("%s: %q is on screen", name, said)
				}
			}
		}
	}
}

func TestTheKeyboardReachesEverythingOfEveryStep(t *testing.T) {
	speak(t, "en")
	for name, show := range steps() {
		appIn(theme.VariantLight)
		w := shownStep(t, show)
		c := w.over.Canvas()
		reached := make(map[fyne.CanvasObject]bool)
		for range 200 {
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
		for _, o := range visible(c) {
			_, tappable := o.(fyne.Tappable)
			_, focusable := o.(fyne.Focusable)
			disabled, can := o.(fyne.Disableable)
			if tappable && focusable && !(can && disabled.Disabled()) && !reached[o] {
				t.Errorf("%s: %T can be tapped, and Tab does not reach it", name, o)
			}
		}
		if len(reached) == 0 && name != "restoring" {
			t.Errorf("%s: there is nothing to do", name)
		}
	}
}
