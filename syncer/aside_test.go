package syncer

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"roost/vault/node/nodetest"
)

// A computer that begins anew with its words goes on with the same backup, and nothing of what was there is deleted.
func TestAHomeThatIsSetAsideBeginsAnew(t *testing.T) {
	k := nodetest.StartKubo(t)
	dir := t.TempDir() + "/home [odd]*"
	opts := Options{Home: dir, Keys: fileKey{path: filepath.Join(t.TempDir(), "key")}}
	if err := SetAside(t.Context(), dir, time.Second); !errors.Is(err, ErrNoSetup) {
		t.Errorf("of nothing: %v", err)
	}
	made, err := Setup(t.Context(), opts, SetupOptions{URL: k.URL, Token: k.Token})
	must(t, err)
	src := t.TempDir()
	sample(t, src, 1)
	e, err := Open(t.Context(), opts)
	must(t, err)
	added(t, e, src)
	backup(t, e)
	unlock, err := e.Lock(t.Context(), time.Second)
	must(t, err)
	if err := SetAside(t.Context(), dir, 10*time.Millisecond); !errors.Is(err, ErrBusy) {
		t.Errorf("while somebody works there: %v", err)
	}
	unlock()
	must(t, e.Close())
	write(t, dir+"/storage/repo/config", "the storage of this computer")
	before := onDisk(t, dir)
	must(t, SetAside(t.Context(), dir, time.Second))
	if b, err := os.ReadFile(dir + "/storage/repo/config"); err != nil || string(b) != "the storage of this computer" {
		t.Errorf("the storage in the home is %q, %v", b, err)
	}
	kept := map[string]bool{}
	for _, content := range onDisk(t, dir) {
		kept[content] = true
	}
	for name, content := range before {
		if !kept[content] {
			t.Errorf("%s is gone", name)
		}
	}
	var words string
	for _, w := range made.Words {
		words += w + " "
	}
	_, err = Setup(t.Context(), opts, SetupOptions{URL: k.URL, Token: k.Token, Words: words})
	must(t, err)
	again, err := Open(t.Context(), opts)
	must(t, err)
	defer func() { must(t, again.Close()) }()
	to := t.TempDir()
	got, err := again.Restore(t.Context(), RestoreOptions{Snapshot: "latest:" + src, To: to}, nil)
	if err != nil || got.Files == 0 || len(got.Failed) > 0 {
		t.Fatalf("restored %+v, %v", got, err)
	}
	sameContents(t, onDisk(t, filepath.Join(to, filepath.Base(src))), onDisk(t, src))
}
