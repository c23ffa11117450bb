package ui

import (
	"runtime"
	"strings"

	"fyne.io/fyne/v2"
)

// TrayHost is the system's side of the tray.
type TrayHost interface {
	SetIcon(state string) // one of assets.TrayStates
	SetTooltip(text string)
	SetMenu(menu *fyne.Menu)
}

// TrayIcon draws a Tray. It is used on the UI goroutine only.
type TrayIcon struct {
	host  TrayHost
	do    func(TrayItem)
	drawn Tray
}

// NewTrayIcon draws on a host; do is called on the UI goroutine with the entry that somebody chose.
func NewTrayIcon(host TrayHost, do func(TrayItem)) (*TrayIcon, error) {
	if err := loadTranslations(); err != nil {
		return nil, err
	}
	return &TrayIcon{host: host, do: do}, nil
}

// Draw changes what is another than before: a menu that is set anew closes under the mouse.
func (t *TrayIcon) Draw(tray Tray) {
	was := t.drawn
	t.drawn = tray
	if tray.Icon != was.Icon {
		t.host.SetIcon(tray.Icon)
	}
	if tray.Tooltip != was.Tooltip {
		t.host.SetTooltip(tray.Tooltip)
	}
	if !sameMenu(tray.Menu, was.Menu) {
		t.host.SetMenu(t.menu(tray.Menu, nil))
	}
}

// menu makes the entries. One that was drawn earlier acts as the newest one at its place would, because a pause is counted
// from when it is chosen; at leads to the menu that it lies in.
func (t *TrayIcon) menu(items []TrayItem, at []int) *fyne.Menu {
	menu := fyne.NewMenu("Roost")
	for i, item := range items {
		here := append(append([]int(nil), at...), i)
		switch {
		case item.Label == "":
			menu.Items = append(menu.Items, fyne.NewMenuItemSeparator())
			continue
		case item.Items != nil:
			entry := fyne.NewMenuItem(plainLabel(item.Label), nil)
			entry.ChildMenu = t.menu(item.Items, here)
			menu.Items = append(menu.Items, entry)
			continue
		}
		entry := fyne.NewMenuItem(plainLabel(item.Label), func() { t.do(t.newest(here)) })
		entry.Disabled, entry.IsQuit = item.Do == TraySays, item.Do == TrayQuit
		menu.Items = append(menu.Items, entry)
	}
	return menu
}

// plainLabel doubles what the system would take for the mark of a key, and not show.
func plainLabel(text string) string {
	switch runtime.GOOS {
	case "darwin":
		return text
	case "windows":
		return strings.ReplaceAll(text, "&", "&&")
	default:
		return strings.ReplaceAll(text, "_", "__")
	}
}

// newest is the entry that stands at a place now.
func (t *TrayIcon) newest(at []int) (item TrayItem) {
	items := t.drawn.Menu
	for _, i := range at {
		item = items[i]
		items = item.Items
	}
	return item
}
