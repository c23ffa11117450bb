package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// storageFoot is the foot of the navigation: the storage that backups go to, and whether it answers.
type storageFoot struct {
	root  *fyne.Container
	icon  *kit.Icon
	name  *kit.Text
	state *kit.Text
}

func newStorageFoot() *storageFoot {
	f := &storageFoot{
		icon: kit.NewIcon("server", 20, kit.ColourMuted), name: kit.Strong("").Clipped(), state: kit.Small("").Clipped(),
	}
	f.root = container.NewStack(kit.NewBox(kit.ColourPage, kit.ColourOutline, 12),
		kit.Pad(12, kit.Lead(12, kit.Middle(f.icon), kit.VBox(2, f.name, f.state))))
	f.root.Hide()
	return f
}

func (f *storageFoot) draw(now Now) {
	if len(now.Storages) == 0 {
		f.root.Hide()
		return
	}
	s := now.Storages[0]
	f.name.SetText(kit.Shown(s.Name))
	text, tone := storageState(s, now)
	if held, wanted := copiesOf(now); wanted > 1 && !now.Saved.IsZero() && s.State == syncer.StateSafe {
		if text = copiesWords(held, wanted); held < wanted {
			tone = kit.Warn
		}
	}
	f.state.SetText(text)
	f.icon.Set("server", tone.Colour())
	f.root.Show()
}

func storageState(s syncer.StorageStatus, now Now) (text string, tone kit.Tone) {
	switch {
	case s.State == syncer.StateSafe:
		return lang.L("Connected"), kit.Good
	case s.State == syncer.StateNeedsYou:
		return lang.L("Needs you"), kit.Bad
	case s.Asked.IsZero():
		return lang.L("Can't be reached"), kit.Warn
	default:
		return lang.L("Last seen {{.Ago}}", values{"Ago": ago(s.Asked, now.At)}), kit.Warn
	}
}
