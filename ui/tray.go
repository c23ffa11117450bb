package ui

import (
	"path/filepath"
	"reflect"
	"time"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// Tray is what the tray shows: a value, of which TrayIcon changes only what is another than before.
type Tray struct {
	Icon    string // one of assets.TrayStates
	Tooltip string
	Menu    []TrayItem // the last one quits
}

// TrayItem is one entry of the tray's menu. Without a label it is a line between others.
type TrayItem struct {
	Label string
	Do    TrayAction
	Path  string     // of the folder to open
	Until time.Time  // of a pause
	Items []TrayItem // a menu of its own
}

// TrayAction is what an entry does.
type TrayAction int

// The actions. The zero value only says something.
const (
	TraySays TrayAction = iota
	TrayBackUp
	TrayRestore
	TrayOpenFolder
	TrayPause
	TrayResume
	TrayOpen
	TrayQuit
)

// trayFolders is how many folders a menu holds; the window shows all of them.
const trayFolders = 12

// TrayOf is how the tray looks now.
func TrayOf(now Now) Tray {
	h := headlineOf(now)
	t := Tray{Icon: h.tray, Tooltip: facts("Roost", h.title, trayDetail(now, h))}
	says := h.title
	if now.State != syncer.StateSaving { // numbers that run would close the menu under the mouse
		says = facts(h.title, trayDetail(now, h))
	}
	t.Menu = []TrayItem{{Label: says}, {}}
	if len(now.Folders) > 0 && now.State != syncer.StateSaving {
		t.Menu = append(t.Menu, TrayItem{Label: lang.L("Back up now"), Do: TrayBackUp})
	}
	t.Menu = append(t.Menu, TrayItem{Label: lang.L("Restore…"), Do: TrayRestore})
	if folders := trayFolderItems(now); len(folders) > 0 {
		t.Menu = append(t.Menu, TrayItem{Label: lang.L("Open folder"), Items: folders})
	}
	if now.State == syncer.StatePaused {
		t.Menu = append(t.Menu, TrayItem{Label: lang.L("Resume"), Do: TrayResume})
	} else if len(now.Folders) > 0 {
		t.Menu = append(t.Menu, TrayItem{Label: lang.L("Pause"), Items: pauseItems(now.At)})
	}
	t.Menu = append(t.Menu, TrayItem{}, TrayItem{Label: lang.L("Open Roost"), Do: TrayOpen}, TrayItem{Label: lang.L("Quit"), Do: TrayQuit})
	return t
}

// TrayWithout is how the tray looks while there is no engine to show, because of a problem.
func TrayWithout(p syncer.Problem) Tray {
	icon := "needs-you"
	switch {
	case p.Code == "not_set_up":
		icon = "not-protected"
	case p.Severity != severityNeedsYou:
		icon = "waiting"
	}
	return Tray{Icon: icon, Tooltip: facts("Roost", translated(p.Title)), Menu: []TrayItem{
		{Label: translated(p.Title)},
		{},
		{Label: lang.L("Open Roost"), Do: TrayOpen},
		{Label: lang.L("Quit"), Do: TrayQuit},
	}}
}

// sameMenu tells whether two menus look and act alike. Pauses are counted from now on, so their ends do not count.
func sameMenu(one, other []TrayItem) bool {
	return reflect.DeepEqual(withoutEnds(one), withoutEnds(other))
}

func withoutEnds(items []TrayItem) []TrayItem {
	var same []TrayItem
	for _, i := range items {
		i.Until, i.Items = time.Time{}, withoutEnds(i.Items)
		same = append(same, i)
	}
	return same
}

// trayDetail is shorter than the window's.
func trayDetail(now Now, h headline) string {
	switch now.State {
	case syncer.StateSaving:
		p := sum(now.Folders)
		if p.TotalFiles <= 0 {
			return ""
		}
		left := max(p.TotalFiles-p.Files, 0)
		return facts(lang.N("{{.Number}} files to go", int(left), values{"Number": number(left)}), size(max(p.TotalBytes-p.Bytes, 0)))
	case syncer.StateNeedsYou:
		for _, p := range now.Problems {
			if p.Severity == severityNeedsYou {
				return translated(p.Title)
			}
		}
		return h.detail
	case syncer.StateSafe, syncer.StatePaused:
		newest, _ := newestBackup(now.Folders)
		if newest.IsZero() {
			return ""
		}
		return lang.L("Last saved {{.Time}}", values{"Time": day(newest, now.At)})
	default:
		return ""
	}
}

func trayFolderItems(now Now) (items []TrayItem) {
	for _, f := range now.Folders {
		if len(items) == trayFolders {
			break
		}
		items = append(items, TrayItem{Label: kit.Shown(filepath.Base(f.Path)), Do: TrayOpenFolder, Path: f.Path})
	}
	return items
}

// pauseItems are the pauses that a person can choose.
func pauseItems(now time.Time) []TrayItem {
	y, m, d := now.Date()
	return []TrayItem{
		{Label: lang.L("For an hour"), Do: TrayPause, Until: now.Add(time.Hour)},
		{Label: lang.L("Until tomorrow"), Do: TrayPause, Until: time.Date(y, m, d+1, 8, 0, 0, 0, now.Location())},
	}
}
