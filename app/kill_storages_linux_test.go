package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"

	"roost/vault/node/nodetest"
)

// killingsOfStorages are the verbs that bring a backup to another place.
var killingsOfStorages = []killing{
	{
		name: "node add",
		once: func(w *world) { w.anew(); w.backedUp(); w.second = nodetest.StartKubo(w.t) },
		before: func(w *world, i int) {
			if len(w.nodes()) > 1 {
				w.roost("node", "remove", "attic")
			}
			w.changed(i)
			w.roost("backup")
		},
		verb: func(w *world) []string { return append([]string{"node", "add", "attic"}, w.nodeAt(w.second)...) },
		after: func(w *world) {
			if len(w.nodes()) < 2 {
				w.roost(append([]string{"node", "add", "attic"}, w.nodeAt(w.second)...)...)
			}
			w.roost("backup")
			w.isSavedOn(w.second, 1)
		},
	},
	{
		name: "node move",
		once: func(w *world) { w.anew(); w.backedUp(); w.second = nodetest.StartKubo(w.t) },
		before: func(w *world, i int) { // back and forth
			w.changed(i)
			w.roost("backup")
		},
		verb: func(w *world) []string {
			return append([]string{"node", "move", w.nodes()[0].Name, "--clean-old"}, w.nodeAt(w.second)...)
		},
		after: func(w *world) {
			if all := w.nodes(); len(all) > 1 || all[0].URL != w.second.URL {
				from := all[0]
				if from.URL == w.second.URL { // it is in the first one's place already
					from = all[1]
				}
				w.roost(append([]string{"node", "move", from.Name, "--clean-old"}, w.nodeAt(w.second)...)...)
			}
			if all := w.nodes(); len(all) != 1 || all[0].URL != w.second.URL {
				w.t.Errorf("after the move the storages are %+v", all)
			}
			w.roost("backup")
			w.storage, w.second = w.second, w.storage
		},
	},
	{
		name:   "export",
		once:   func(w *world) { w.anew(); w.backedUp(); w.second = nodetest.StartKubo(w.t) },
		before: func(w *world, i int) { w.changed(i); w.roost("backup") },
		verb:   func(w *world) []string { return []string{"export", w.disk()} },
		after: func(w *world) {
			w.roost("export", w.disk())
			w.roost(append([]string{"import", w.disk()}, w.nodeAt(w.second)...)...)
			w.isImported()
		},
	},
	{
		name: "export to one file",
		once: func(w *world) { w.anew(); w.backedUp(); w.second = nodetest.StartKubo(w.t) },
		before: func(w *world, i int) {
			if err := os.RemoveAll(w.disk() + ".car"); err != nil {
				w.t.Fatal(err)
			}
			w.changed(i)
			w.roost("backup")
		},
		verb: func(w *world) []string { return []string{"export", w.disk() + ".car"} },
		after: func(w *world) {
			if !exists(w.disk() + ".car") { // it has this name once it is whole
				w.roost("export", w.disk()+".car")
			}
			w.roost(append([]string{"import", w.disk() + ".car"}, w.nodeAt(w.second)...)...)
			w.isImported()
		},
	},
	{
		name:   "import",
		once:   func(w *world) { w.anew(); w.backedUp(); w.second = nodetest.StartKubo(w.t) },
		before: func(w *world, i int) { w.changed(i); w.roost("backup"); w.roost("export", w.disk()) },
		verb:   func(w *world) []string { return append([]string{"import", w.disk()}, w.nodeAt(w.second)...) },
		after: func(w *world) {
			w.roost(append([]string{"import", w.disk()}, w.nodeAt(w.second)...)...)
			w.isImported()
		},
	},
}

// disk is where a backup is exported to.
func (w *world) disk() string { return filepath.Join(w.dir, "disk") }

func (w *world) nodes() []storageOfWorld {
	w.t.Helper()
	var a struct{ Nodes []storageOfWorld }
	if err := json.Unmarshal([]byte(w.roost("node", "list", "--json")), &a); err != nil {
		w.t.Fatal(err)
	}
	return a.Nodes
}

type storageOfWorld struct{ Name, URL string }

// isImported proves that one more state was put into the second storage. An import removes nothing there: the earlier ones
// stay until this computer writes to that storage itself.
func (w *world) isImported() {
	w.t.Helper()
	w.imported++
	w.isSavedOn(w.second, w.imported)
}

// isSavedOn proves that another storage gives the folder back by itself, and keeps so many pins.
func (w *world) isSavedOn(d *nodetest.Daemon, pins int) {
	w.t.Helper()
	k := d.Node(w.t)
	if err := k.GC(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.recovered(d)
	if got := w.pinned(k); got != pins {
		w.t.Errorf("%d pins on the other storage, want %d", got, pins)
	}
}

// killingsOfDevices are the verbs about the computers of a backup.
var killingsOfDevices = []killing{
	{
		name:   "device rename",
		once:   func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, i int) { w.roost("device", "rename", w.other(true).ID, "Laptop "+strconv.Itoa(i)) },
		verb:   func(w *world) []string { return []string{"device", "rename", w.other(true).ID, "New"} },
		after: func(w *world) {
			if name := w.other(true).Name; name != "New" && name[:len("Laptop ")] != "Laptop " {
				w.t.Errorf("the computer is called %q", name)
			}
			w.roost("device", "rename", w.other(true).ID, "New")
			if name := w.other(true).Name; name != "New" {
				w.t.Errorf("the computer is called %q", name)
			}
		},
	},
	{
		name:   "device retire",
		once:   func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, i int) { w.joins(i) },
		verb:   func(w *world) []string { return []string{"device", "retire", w.other(false).ID} },
		after:  func(w *world) { w.isGone("retire") },
	},
	{
		name:   "device revoke",
		once:   func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, i int) { w.joins(i) },
		verb:   func(w *world) []string { return []string{"device", "revoke", w.other(false).ID} },
		after:  func(w *world) { w.isGone("revoke") },
	},
}

// joins lets one more computer save something in the same backup.
func (w *world) joins(i int) {
	w.t.Helper()
	e := w.device(w.storage, filepath.Join(w.dir, "other "+strconv.Itoa(i)))
	defer w.closed(e)
	dir := filepath.Join(w.dir, "pictures "+strconv.Itoa(i))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "of another"), []byte(noise(uint64(9000+i), 50_000)), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if _, err := e.AddFolders(w.t.Context(), []string{dir}); err != nil {
		w.t.Fatal(err)
	}
	if _, err := e.Backup(w.t.Context(), nil, nil); err != nil {
		w.t.Fatal(err)
	}
}

// computer is a row of device list.
type computer struct {
	Name, ID, State, Newest string
	This                    bool
	Versions                int
	KeptBy                  string `json:"kept_by"`
}

// other is this computer, or the one of the others that saved something last.
func (w *world) other(this bool) (found computer) {
	w.t.Helper()
	var a struct{ Devices []computer }
	if err := json.Unmarshal([]byte(w.roost("device", "list", "--json")), &a); err != nil {
		w.t.Fatal(err)
	}
	for _, d := range a.Devices {
		if d.This == this && (found.ID == "" || d.Newest > found.Newest) {
			found = d
		}
	}
	return found
}

// isGone removes the computer once more, which is free; its versions stay.
func (w *world) isGone(how string) {
	w.t.Helper()
	d := w.other(false)
	w.roost("device", how, d.ID)
	if now := w.other(false); now.ID != d.ID || now.State == "active" || now.Versions != 1 || now.KeptBy == "" {
		w.t.Errorf("the computer that was removed is %+v, after %+v", now, d)
	}
	w.roost("backup")
}
