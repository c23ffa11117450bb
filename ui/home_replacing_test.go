package ui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"roost/syncer"
)

// On a real storage, with an old and a new computer: how far it is stands on the home screen, a person may keep both, and the
// end is said until it was read.
func TestReplacingIsSeenAndItsEndIsSaid(t *testing.T) {
	k := keep(t) // the old one, called Laptop
	words, err := k.engine.Words(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	opts := syncer.Options{Home: filepath.Join(t.TempDir(), "home"), Keys: &memoryKeys{keys: map[string][32]byte{}}}
	if _, err := syncer.Setup(t.Context(), opts, syncer.SetupOptions{
		URL: k.kubo.URL, Token: k.kubo.Token, Device: "New", NodeName: "Pi", Words: strings.Join(words, " "), Replaces: "Laptop",
	}); err != nil {
		t.Fatal(err)
	}
	fresh, err := syncer.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := fresh.Close(); err != nil {
			t.Error(err)
		}
	}()
	state := func() string {
		all, err := k.engine.Devices(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range all {
			if x.Name == "Laptop" {
				return x.State
			}
		}
		return ""
	}

	d := newDesk(t, realEngine{Engine: fresh}, Home)
	d.tell(fresh)
	d.sees("This computer takes the place of Laptop", "Add the folders that this computer keeps.")
	var dirs []string
	for _, name := range []string{"Letters", "Music"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, dir)
	}
	if _, err := fresh.AddFolders(t.Context(), dirs); err != nil {
		t.Fatal(err)
	}
	if _, err := fresh.Backup(t.Context(), dirs[:1], nil); err != nil {
		t.Fatal(err)
	}
	d.tell(fresh)
	d.sees("1 of 2 folders are saved.", "Laptop stays as it is")

	d.tap("Keep both")
	d.sees("Should Laptop stay in the backup?")
	d.tap("Cancel")
	d.tell(fresh)
	d.sees("This computer takes the place of Laptop")
	d.tap("Keep both")
	d.tap("Keep both")
	d.tell(fresh)
	d.seesNot("takes the place of")
	if _, err := fresh.Backup(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	if got := state(); got != syncer.DeviceActive {
		t.Fatalf("the old computer is %q although both were to stay", got)
	}

	if err := fresh.Replace(t.Context(), "Laptop"); err != nil {
		t.Fatal(err)
	}
	d.tell(fresh)
	d.sees("Every folder is saved. Next, files are brought back to try it.")
	if _, err := fresh.Backup(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	d.tell(fresh)
	d.sees("Laptop is replaced by this computer", "this computer keeps them now")
	// The old one is shut out by now; what it is called is asked of the new one.
	all, err := fresh.Devices(t.Context())
	if err != nil || len(all) != 2 || all[1].State != syncer.DeviceRetired || all[1].Versions != 3 {
		t.Fatalf("the devices are %+v, %v", all, err)
	}
	d.tap("OK")
	d.tell(fresh)
	d.seesNot("is replaced by this computer")
}
