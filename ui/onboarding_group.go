package ui

import (
	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/syncer/guide"
	"roost/ui/kit"
	"roost/ui/lang"
)

// groupFields ask for the group that a storage belongs to: several that act as one. Most belong to none, so that the fields
// show when somebody says so.
type groupFields struct {
	root              *fyne.Container
	turn              *kit.Switch
	address, password *kit.Field
	fields            *fyne.Container
}

// newGroupFields makes them; enter is what Enter in the last of them does.
func newGroupFields(how syncer.SetupOptions, refresh, enter func()) *groupFields {
	g := &groupFields{
		address:  kit.NewField(lang.L("Address of the group"), "http://raspberrypi:9094", lang.L("Of the program that joins the storages, on the same device.")),
		password: passwordField(lang.L("Name and password of the group"), lang.L("As name:password. Leave it empty if it asks for nothing.")),
	}
	g.address.SetText(how.ClusterURL)
	g.password.SetText(how.ClusterToken)
	g.address.OnEnter, g.password.OnEnter = g.password.Focus, enter
	g.fields = kit.VBox(14, g.address.Root, g.password.Root)
	title, detail := lang.L("It is one of several storages acting as one"), lang.L("What is saved is passed on to the others, and counts when they hold it.")
	g.turn = kit.NewSwitch(turned(title, detail, how.ClusterURL != ""), func(on bool) {
		g.turn.Set(turned(title, detail, on))
		shown(g.fields, on)
		refresh()
	})
	shown(g.fields, g.turn.Data().On)
	g.root = kit.VBox(14, g.turn, g.fields)
	return g
}

// read is the group's address, "" where the storage is in none; false: it is no address.
func (g *groupFields) read() (url string, ok bool) {
	if !g.turn.Data().On {
		return "", true
	}
	url, err := guide.GroupAddress(g.address.Text())
	if err != nil {
		g.address.SetError(lang.L("This is no address. It looks like this: http://raspberrypi:9094"))
		g.address.Focus()
		return "", false
	}
	g.address.SetError("")
	return url, true
}
