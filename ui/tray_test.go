package ui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"roost/assets"
	"roost/syncer"
)

func TestTheTraySaysHowEverythingIs(t *testing.T) {
	speak(t, "en")
	all := samples()
	for name, want := range map[string]struct{ icon, tooltip string }{
		"safe":        {"safe", "Roost · Everything is safe · Last saved 09:37"},
		"saving":      {"saving", "Roost · Saving your changes · 871 files to go · 4.8 GB"},
		"looking":     {"saving", "Roost · Saving your changes"},
		"waiting":     {"waiting", "Roost · Waiting for your storage"},
		"paused":      {"paused", "Roost · Paused until 10:41 · Last saved 09:37"},
		"needs-you":   {"needs-you", "Roost · Roost needs you · Your storage is full"},
		"unprotected": {"not-protected", "Roost · Not protected for 5 days"},
		"empty":       {"not-protected", "Roost · Not protected yet"},
		"unknown":     {"waiting", "Roost · One moment"},
	} {
		tray := TrayOf(all[name])
		if tray.Icon != want.icon || tray.Tooltip != want.tooltip {
			t.Errorf("%s: %s, %q, want %s, %q", name, tray.Icon, tray.Tooltip, want.icon, want.tooltip)
		}
		if !slices.Contains(assets.TrayStates, tray.Icon) {
			t.Errorf("%s: there is no picture %s", name, tray.Icon)
		}
	}
}

// Green means that the storage confirmed it: nothing else may look so.
func TestOnlyTheSafeStateLooksSafe(t *testing.T) {
	speak(t, "en")
	for name, now := range samples() {
		if h := headlineOf(now); (h.tray == "safe" || h.glyph == "shield-check") && now.State != syncer.StateSafe {
			t.Errorf("%s is %s and looks safe", name, now.State)
		}
	}
	if h := headlineOf(Now{Status: syncer.Status{State: "a state of a newer engine"}, At: morning}); h.tray == "safe" || h.glyph == "shield-check" {
		t.Error("a state that is not known looks safe")
	}
}

func TestTheTrayMenuOffersWhatIsPossibleNow(t *testing.T) {
	speak(t, "en")
	all := samples()
	for name, want := range map[string][]TrayAction{
		"safe":   {TraySays, TrayBackUp, TrayRestore, TrayOpen, TrayQuit},
		"saving": {TraySays, TrayRestore, TrayOpen, TrayQuit},
		"paused": {TraySays, TrayBackUp, TrayRestore, TrayResume, TrayOpen, TrayQuit},
		"empty":  {TraySays, TrayRestore, TrayOpen, TrayQuit},
	} {
		menu := TrayOf(all[name]).Menu
		var got []TrayAction
		for _, item := range menu {
			if item.Label != "" && item.Items == nil {
				got = append(got, item.Do)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the menu does %v, want %v", name, got, want)
		}
		if last := menu[len(menu)-1]; last.Do != TrayQuit {
			t.Errorf("%s: the last item is %q", name, last.Label)
		}
	}
}

func TestPausesEndInAnHourAndTomorrowMorning(t *testing.T) {
	speak(t, "en")
	ends := pauseItems(time.Date(2026, 10, 31, 23, 30, 0, 0, time.UTC))
	if got := ends[0].Until; !got.Equal(time.Date(2026, 11, 1, 0, 30, 0, 0, time.UTC)) {
		t.Errorf("an hour ends at %v", got)
	}
	if got := ends[1].Until; !got.Equal(time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("tomorrow begins at %v", got)
	}
}

func TestTrayFoldersAreFewAndHarmless(t *testing.T) {
	speak(t, "en")
	if items := trayFolderItems(samples()["many"]); len(items) != trayFolders {
		t.Errorf("%d of 1,000 folders are in the menu", len(items))
	}
	for _, item := range trayFolderItems(samples()["odd"]) {
		if strings.Contains(item.Label, "\u202E") {
			t.Errorf("%q turns the text around", item.Label)
		}
	}
}
