package ui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// worn is how everything of this process looks since Wear; the zero value is as the system has it. It is used on the UI
// goroutine only.
var worn syncer.Look

// Wear gives all windows and the tray a look, and their texts a language. What was drawn in another language before stays so
// until it is drawn anew.
func Wear(l syncer.Look) error {
	if l.Language != "" && l.Language != worn.Language {
		if err := lang.Use(l.Language, legible); err != nil {
			return err
		}
	}
	if l.Theme != "" && l.Theme != usual(worn.Theme) {
		fyne.CurrentApp().Settings().SetTheme(themeOf(l.Theme))
	}
	worn = l
	return nil
}

// usual is the look of who chose none.
func usual(theme string) string {
	if theme == "" {
		return lang.System
	}
	return theme
}

func themeOf(name string) fyne.Theme {
	variant := theme.VariantLight
	switch name {
	case "dark":
		variant = theme.VariantDark
	case "light":
	default:
		return kit.Theme{}
	}
	return kit.Theme{Forced: &variant}
}

// dress gives the window a look that was chosen here or elsewhere. In another language its screens are made anew; the open
// place stays open.
func (w *Window) dress(l syncer.Look) {
	if l == (syncer.Look{}) || l == w.look {
		return
	}
	words := usual(l.Language) != usual(w.look.Language)
	if err := Wear(l); err != nil {
		w.Tell(err)
		return
	}
	w.look = l
	if !words {
		return
	}
	settings, _ := w.screens[Settings].(*settingsScreen)
	open := w.open
	w.places, w.screens = nil, make(map[Place]screen)
	w.addScreens()
	if again, ok := w.screens[Settings].(*settingsScreen); ok && settings != nil {
		again.show(settings.open)
	}
	w.fill()
	if slices.Contains(w.places, open) {
		w.Show(open)
	}
	w.foot.draw(w.now)
}
