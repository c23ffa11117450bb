package syncer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node/nodetest"
)

var (
	laptop  = format.DeviceID{1}
	desktop = format.DeviceID{2}
)

// version is one of a list of versions, newest first: the later in the list, the older.
func version(id string, d format.DeviceID, folder byte, path string, complete bool) vault.Version {
	v := vault.Version{FolderID: format.FolderID{folder}, Path: []byte(path), Device: d}
	full, err := format.ParseChunkID(id + strings.Repeat("0", 64-len(id)))
	if err != nil {
		panic(err)
	}
	v.ID, v.Complete = full, complete
	return v
}

func TestANameMeansWhatTheListSays(t *testing.T) {
	all := []vault.Version{
		version("aaaa1", laptop, 1, "/home/me/Docs", false),
		version("bbbb1", desktop, 1, "/home/me/Photos", true),
		version("aaaa2", laptop, 1, "/home/me/Docs", true),
		version("cccc1", laptop, 2, "/home/me/Music", false),
		version("cccc2", laptop, 2, "/home/me/Music", false),
		version("dddd1", desktop, 2, "/mnt/Docs", true),
		version("bbbb2", desktop, 1, "/home/me/Photos", true),
		version("aaaa3", laptop, 1, "/home/me/Docs", true),
		version("eeee1", desktop, 3, `C:\Users\me\Pictures`, true),
	}
	recovered := format.DeviceID{9}
	for _, c := range []struct {
		own  format.DeviceID
		name string
		want string // beginnings of ids, or an error
	}{
		{laptop, "latest", "aaaa2 cccc1"},
		{desktop, "latest", "bbbb1 dddd1 eeee1"},
		{recovered, "latest", "aaaa2 cccc1 bbbb1 dddd1 eeee1"},
		{laptop, "latest:/home/me/Docs", "aaaa2"},
		{laptop, "latest:/home/me/Docs/", "aaaa2"},
		{laptop, "latest:/home/me/../me/Docs", "aaaa2"},
		{laptop, "latest:/home/me/Music", "cccc1"},
		{laptop, "latest:/mnt/Docs", "dddd1"},
		{laptop, "latest:Photos", "bbbb1"},
		{laptop, "latest:Pictures", "eeee1"},
		{laptop, `latest:C:\Users\me\Pictures`, "eeee1"},
		{laptop, "latest:Docs", "ambiguous"},
		{laptop, "latest:/home/me", "unknown"},
		{laptop, "latest:", "unknown"},
		{laptop, "aaaa2", "aaaa2"},
		{laptop, "AAAA2", "aaaa2"},
		{laptop, "aaaa2" + strings.Repeat("0", 59), "aaaa2"},
		{laptop, "aaaa2" + strings.Repeat("0", 60), "unknown"},
		{laptop, "bbbb", "ambiguous"},
		{laptop, "ddd", "dddd1"},
		{laptop, "dddd", "dddd1"},
		{laptop, "ffff", "unknown"},
		{laptop, "", "unknown"},
		{laptop, "newest", "unknown"},
	} {
		found, err := chooseVersions(all, c.own, c.name)
		var got []string
		for _, v := range found {
			got = append(got, v.ID.String()[:5])
		}
		switch {
		case errors.Is(err, ErrAmbiguous):
			got = []string{"ambiguous"}
		case errors.Is(err, ErrUnknownVersion):
			got = []string{"unknown"}
		case err != nil:
			t.Fatal(err)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q means %q, want %q", c.name, got, c.want)
		}
	}
	if _, err := chooseVersions(nil, laptop, "latest"); !errors.Is(err, ErrUnknownVersion) {
		t.Errorf("without versions: error %v", err)
	}
	_, err := chooseVersions(all, laptop, "latest:Docs")
	if !strings.Contains(err.Error(), "latest:/home/me/Docs, latest:/mnt/Docs") {
		t.Errorf("the candidates are not named: %v", err)
	}
}

func TestFolderNamesAreNamesHere(t *testing.T) {
	for path, want := range map[string]string{
		"/home/me/Docs": "Docs", "/home/me/Docs/": "Docs", "/": "folder", "": "folder", `C:\Users\me\Docs`: "Docs", `D:\`: "D",
		`\\server\share\Docs`: "Docs", "/odd/a\\b": `a\b`, "/odd/..": "folder", "Docs": "Docs",
	} {
		if got := folderName(path); got != want && filepath.Separator == '/' {
			t.Errorf("%q is named %q, want %q", path, got, want)
		}
	}
}

func TestADamagedListOfOldVersionsHidesNoOther(t *testing.T) {
	h := newLongHistory(t)
	st, err := h.state(t.Context())
	must(t, err)
	if len(st.Heads[0].Older) == 0 {
		t.Fatal("the history is too short for lists")
	}
	st.Heads[0].Older[0].ID[0] ^= 1 // in no pack
	all, damage, err := h.versions(t.Context(), st)
	if err != nil || !vault.IsDamage(damage) {
		t.Errorf("error %v, damage %v", err, damage)
	}
	if want := format.SummariesInHead / 2; len(all) < want {
		t.Errorf("%d versions, want %d at least", len(all), want)
	}
}

// newLongHistory is an engine with more versions than a head holds.
func newLongHistory(t *testing.T) *Engine {
	t.Helper()
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	s, err := e.vault().Begin(t.Context())
	must(t, err)
	defer s.Close()
	tree, _, err := s.Put(format.KindTree, format.EncodeTree(&format.Tree{}))
	must(t, err)
	for range 2 {
		var snaps []*format.Snapshot
		for i := range format.SummariesInHead {
			snaps = append(snaps, &format.Snapshot{
				Version: format.Version, Folder: format.FolderID{1}, Path: []byte("/was/here"), Device: e.vault().Device(), DeviceName: "Laptop",
				Seconds: int64(i), Root: format.Entry{Type: format.TypeDir, Mode: 0o755, Tree: tree[:]}, Complete: true,
			})
		}
		_, err = s.Commit(t.Context(), snaps, nil)
		must(t, err)
	}
	return e
}

func TestAFolderIsFoundThroughALinkToIt(t *testing.T) {
	s := saving(t, func(dir string) { write(t, dir+"/file", "saved") })
	alias := filepath.Join(t.TempDir(), "alias")
	must(t, os.Symlink(filepath.Dir(s.src), alias))
	found, err := s.other.resolve(t.Context(), "latest:"+alias+"/Photos")
	if err != nil || len(found) != 1 {
		t.Errorf("%v, error %v", found, err)
	}
}
