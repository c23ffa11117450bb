package ui

import (
	"context"

	"fyne.io/fyne/v2"

	"roost/ui/kit"
	"roost/ui/lang"
)

// nameCard says what this computer is called in the backup, and renames it.
func (s *settingsScreen) nameCard() fyne.CanvasObject {
	name := kit.Strong("").Clipped()
	rename := kit.NewButton(kit.Secondary, "", lang.L("Rename…"), s.askName).Spoken(lang.L("Rename this computer"))
	s.bound = append(s.bound, func() { name.SetText(kit.Shown(s.now.Device)) })
	name.SetText(kit.Shown(s.now.Device))
	return card(lang.L("Name"), lang.L("So that you know this computer's versions from those of your others."), kit.Between(name, rename))
}

// askName asks for another name of this computer. Every device sees it, so it goes to the storage.
func (s *settingsScreen) askName() {
	name := kit.NewField(lang.L("New name"), "", "")
	name.SetText(s.now.Device)
	words := kit.NewTextField(lang.L("Your 24 recovery words"), lang.L("This computer does not keep them, so they are needed here."), 3)
	words.Root.Hide()
	var d *kit.Dialog
	var rename *kit.Button
	take := func() {
		to, typed := name.Text(), words.Text()
		rename.Disable()
		name.SetError("")
		s.w.do(func(ctx context.Context) error {
			all, err := s.w.engine.Devices(ctx)
			if err != nil {
				return err
			}
			for _, x := range all {
				if x.This {
					return s.w.engine.RenameDevice(ctx, x.ID, to, typed)
				}
			}
			return nil // the list begins with this one
		}, func(err error) {
			rename.Enable()
			switch {
			case err == nil:
				d.Close()
				s.w.say(kit.Good, lang.L("This computer is called {{.Name}} from now on.", values{"Name": kit.Shown(to)}))
			case !d.IsOpen():
				s.w.Tell(err)
			default:
				p := problemOf(err)
				shown(words.Root, p.Code == "no_words" || words.Root.Visible())
				name.SetError(translated(p.Title) + ". " + problemText(p))
			}
		})
	}
	rename = kit.NewButton(kit.Primary, "", lang.L("Rename"), take)
	name.OnEnter = take
	d = kit.NewDialog(lang.L("Rename this computer"), kit.VBox(12, name.Root, words.Root),
		kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), rename)
	s.w.dialog(d)
	name.Focus()
}
