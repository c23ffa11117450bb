package ui

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
)

// shelf is a tray host that notes what it is told.
type shelf struct {
	told []string
	menu *fyne.Menu
}

func (s *shelf) SetIcon(state string)   { s.told = append(s.told, "icon "+state) }
func (s *shelf) SetTooltip(text string) { s.told = append(s.told, text) }
func (s *shelf) SetMenu(m *fyne.Menu)   { s.told, s.menu = append(s.told, "menu"), m }

// choose taps an entry of a menu by its label.
func choose(t *testing.T, m *fyne.Menu, label string) {
	t.Helper()
	for _, item := range m.Items {
		if item.Label == label {
			item.Action()
			return
		}
		if item.ChildMenu != nil && slices.ContainsFunc(item.ChildMenu.Items, func(i *fyne.MenuItem) bool { return i.Label == label }) {
			choose(t, item.ChildMenu, label)
			return
		}
	}
	t.Fatalf("there is no %q in the menu", label)
}

// A menu that is set anew closes under the mouse, so it is set only when it says something else.
func TestTheTrayChangesOnlyWhatIsDifferent(t *testing.T) {
	speak(t, "en")
	s := &shelf{}
	icon, err := NewTrayIcon(s, func(TrayItem) {})
	if err != nil {
		t.Fatal(err)
	}
	now := sampleNow()
	icon.Draw(TrayOf(now))
	if len(s.told) != 3 {
		t.Errorf("at first the tray is told %q", s.told)
	}
	s.told = nil
	now.At = now.At.Add(40 * time.Second)
	icon.Draw(TrayOf(now))
	if len(s.told) != 0 {
		t.Errorf("40 seconds later the tray is told %q", s.told)
	}
	saving := samples()["saving"]
	icon.Draw(TrayOf(saving))
	s.told = nil
	saving.Folders[1].Progress.Files++
	icon.Draw(TrayOf(saving))
	if len(s.told) != 1 || !strings.Contains(s.told[0], "870 files to go") {
		t.Errorf("one file later the tray is told %q", s.told)
	}
}

func TestAnEntryOfTheTrayActsAsOfWhenItIsChosen(t *testing.T) {
	speak(t, "en")
	s := &shelf{}
	var chosen []TrayItem
	icon, err := NewTrayIcon(s, func(item TrayItem) { chosen = append(chosen, item) })
	if err != nil {
		t.Fatal(err)
	}
	now := sampleNow()
	now.Folders[0].Path = "/home/ana/R&D_2026"
	icon.Draw(TrayOf(now))
	now.At = now.At.Add(2 * time.Hour)
	icon.Draw(TrayOf(now))
	choose(t, s.menu, "For an hour")
	choose(t, s.menu, map[string]string{"windows": "R&&D_2026", "darwin": "R&D_2026", "linux": "R&D__2026"}[runtime.GOOS])
	choose(t, s.menu, "Quit")
	if len(chosen) != 3 || !chosen[0].Until.Equal(morning.Add(3*time.Hour)) || chosen[1].Path != "/home/ana/R&D_2026" || chosen[2].Do != TrayQuit {
		t.Errorf("chosen were %+v", chosen)
	}
	for _, item := range s.menu.Items {
		if item.Label == "Everything is safe · Last saved 09:37" && !item.Disabled {
			t.Error("what only says something can be chosen")
		}
	}
	if last := s.menu.Items[len(s.menu.Items)-1]; !last.IsQuit {
		t.Error("Fyne adds an entry of its own to quit")
	}
}

// Of a folder that was not saved for days, something is said, whatever else goes on.
func TestTheOldestUnsavedChangeTellsSinceWhenNothingIsProtected(t *testing.T) {
	now := sampleNow()
	if got := unsafeSince(now); !got.IsZero() {
		t.Errorf("while all is safe it is %v", got)
	}
	now.Folders[0].State, now.Folders[0].Changed = syncer.StateUnprotected, morning.AddDate(0, 0, -2)
	now.Folders[1].State, now.Folders[1].Changed = syncer.StateWaiting, morning.AddDate(0, 0, -9)
	if got := unsafeSince(now); !got.Equal(morning.AddDate(0, 0, -2)) {
		t.Errorf("two days ago is %v", got)
	}
	now.Storages[0].State, now.Storages[0].Confirmed = syncer.StateWaiting, morning.AddDate(0, 0, -5)
	if got := unsafeSince(now); !got.Equal(morning.AddDate(0, 0, -5)) {
		t.Errorf("a storage silent for five days is %v", got)
	}
}
