//go:build !headless

package main

import (
	"testing"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"
)

// panel shows trays on a bus of the test's own, as the panel of a desktop does.
type panel struct {
	t     *testing.T
	bus   *dbus.Conn
	items chan dbus.BusObject
}

func startPanel(t *testing.T, address string) *panel {
	t.Helper()
	bus, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bus.Close() })
	p := &panel{t, bus, make(chan dbus.BusObject, 10)}
	err = bus.Export(p, trayPath, trayWatcher)
	if err != nil {
		t.Fatal(err)
	}
	_, err = prop.Export(bus, trayPath, prop.Map{trayWatcher: {"IsStatusNotifierHostRegistered": {Value: true}}})
	if err != nil {
		t.Fatal(err)
	}
	p.appear()
	return p
}

func (p *panel) appear() {
	p.t.Helper()
	if _, err := p.bus.RequestName(trayWatcher, dbus.NameFlagDoNotQueue); err != nil {
		p.t.Fatal(err)
	}
}

func (p *panel) vanish() {
	p.t.Helper()
	if _, err := p.bus.ReleaseName(trayWatcher); err != nil {
		p.t.Fatal(err)
	}
}

// RegisterStatusNotifierItem is org.kde.StatusNotifierWatcher's.
func (p *panel) RegisterStatusNotifierItem(path string, sender dbus.Sender) *dbus.Error {
	p.items <- p.bus.Object(string(sender), dbus.ObjectPath(path))
	return nil
}

// tooltip is what an item says.
func (p *panel) tooltip(item dbus.BusObject) string {
	v, err := item.GetProperty("org.kde.StatusNotifierItem.ToolTip")
	if err != nil {
		return err.Error()
	}
	var tip struct {
		Icon  string
		Icons []struct {
			Width, Height int32
			Pixels        []byte
		}
		Title, Text string
	}
	if err := dbus.Store([]any{v.Value()}, &tip); err != nil {
		return err.Error()
	}
	return tip.Title
}

// pixels are those of an item's icon.
func (p *panel) pixels(item dbus.BusObject) string {
	p.t.Helper()
	v, err := item.GetProperty("org.kde.StatusNotifierItem.IconPixmap")
	if err != nil {
		p.t.Fatal(err)
	}
	var icons []struct {
		Width, Height int32
		Pixels        []byte
	}
	if err := dbus.Store([]any{v.Value()}, &icons); err != nil || len(icons) != 1 {
		p.t.Fatalf("%d icons: %v", len(icons), err)
	}
	return string(icons[0].Pixels)
}

// menuNode is a part of the menu as com.canonical.dbusmenu has it.
type menuNode struct {
	ID       int32
	Says     map[string]dbus.Variant
	Children []dbus.Variant
}

// click chooses an entry of an item's menu; false while there is none of this name.
func (p *panel) click(item dbus.BusObject, label string) bool {
	p.t.Helper()
	menu := p.bus.Object(item.Destination(), item.Path()+"/menu")
	var revision uint32
	var root menuNode
	if err := menu.Call("com.canonical.dbusmenu.GetLayout", 0, int32(0), int32(-1), []string{}).Store(&revision, &root); err != nil {
		p.t.Fatal(err)
	}
	id, found := entryOf(p.t, root, label)
	if !found {
		return false
	}
	if err := menu.Call("com.canonical.dbusmenu.Event", 0, id, "clicked", dbus.MakeVariant(0), uint32(0)).Err; err != nil {
		p.t.Fatal(err)
	}
	return true
}

// entryOf is the entry's number.
func entryOf(t *testing.T, in menuNode, label string) (int32, bool) {
	t.Helper()
	if says, ok := in.Says["label"].Value().(string); ok && says == label {
		return in.ID, true
	}
	for _, child := range in.Children {
		var node menuNode
		if err := dbus.Store([]any{child.Value()}, &node); err != nil {
			t.Fatal(err)
		}
		if id, found := entryOf(t, node, label); found {
			return id, true
		}
	}
	return 0, false
}
