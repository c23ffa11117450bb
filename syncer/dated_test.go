package syncer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

func TestDatesInTheNamesOfFolders(t *testing.T) {
	for name, want := range map[string]string{
		"2024-01-31": "2024-01-31 00:00:00", "2024-01-31-123456": "2024-01-31 12:34:56",
		"2024-01-31-123456.backup": "2024-01-31 12:34:56", "2024-01-31T12:34:56": "2024-01-31 12:34:56",
		"2024-01-31_12-34": "2024-01-31 12:34:00", "backup-20240131-1234": "2024-01-31 12:34:00",
		"20240131": "2024-01-31 00:00:00", "back-2024_01_31": "2024-01-31 00:00:00", "2024.02.29": "2024-02-29 00:00:00",

		"2023-02-29": "", "2024-13-01": "", "2024-01-3": "", "Latest": "", "120240131": "", "2024-0131": "",
		"2024-01-31-250000": "", "0024-01-31": "", "2024-01-31-123456.inProgress": "", "daily.0": "", "": "",
	} {
		got, ok := dateIn(name)
		if text := got.Format(time.DateTime); ok != (want != "") || ok && text != want {
			t.Errorf("%q is %s, %v, want %q", name, text, ok, want)
		}
	}
}

func FuzzDateIn(f *testing.F) {
	f.Add("2024-01-31-123456.backup")
	f.Fuzz(func(t *testing.T, name string) {
		if got, ok := dateIn(name); ok && (got.Year() < 1970 || got.Year() > 9999) {
			t.Errorf("%q is %v", name, got)
		}
	})
}

// tree of dated folders where what did not change is a hard link, as rsync --link-dest makes it.
func hardLinked(t *testing.T, dir string, days int) {
	t.Helper()
	write(t, dir+"/2024-01-01/large", noise(7, 3_000_000))
	write(t, dir+"/2024-01-01/sub/changes", "day 1")
	for d := 2; d <= days; d++ {
		to, from := fmt.Sprintf("%s/2024-01-%02d", dir, d), fmt.Sprintf("%s/2024-01-%02d", dir, d-1)
		write(t, to+"/sub/changes", fmt.Sprintf("day %d", d))
		if err := os.Link(from+"/large", to+"/large"); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(fmt.Sprintf("2024-01-%02d", days), dir+"/Latest"); err != nil {
		t.Fatal(err)
	}
}

func TestDatedFoldersBecomeVersionsAndGoOnAfterACut(t *testing.T) {
	m := newPeer("one")
	e := testEngine(t, m, testEntropy(t))
	dir := filepath.Join(t.TempDir(), "old")
	hardLinked(t, dir, 4)
	var left atomic.Int64
	left.Store(40)
	e.use(connection{node: &nodetest.Around{Node: m, Do: cutWhen(&left)}})
	got, err := e.ImportDated(t.Context(), dir, nil)
	if !errors.Is(err, node.ErrUnreachable) {
		t.Fatalf("not cut off: %+v, %v", got, err)
	}
	first := len(got.Versions)
	if first == 0 || first == 4 {
		t.Fatalf("%d versions before the cut: choose another call", first)
	}
	e = reopen(t, e, m)
	if got, err = e.ImportDated(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if got.Already != first || len(got.Versions) != 4-first {
		t.Errorf("%d were there and %d came, want %d and %d", got.Already, len(got.Versions), first, 4-first)
	}
	versions, _, err := e.Snapshots(t.Context(), dir)
	if err != nil || len(versions) != 4 {
		t.Fatalf("%d versions, error %v", len(versions), err)
	}
	for i, v := range versions {
		if want := time.Date(2024, 1, 4-i, 0, 0, 0, 0, time.Local); !v.Time().Equal(want) || !v.Complete || v.Files != 2 {
			t.Errorf("version %d is %+v, want %v", i, v, want)
		}
		to := t.TempDir()
		if _, err := e.Restore(t.Context(), RestoreOptions{Snapshot: v.ID.String(), To: to}, nil); err != nil {
			t.Fatal(err)
		}
		sameContents(t, onDisk(t, to+"/old"), onDisk(t, fmt.Sprintf("%s/2024-01-%02d", dir, 4-i)))
	}
	for _, s := range got.Versions {
		if s.NewBytes > 100_000 {
			t.Errorf("a day with one small change brought %d new bytes", s.NewBytes)
		}
	}
	c, err := e.Verify(t.Context(), 100, nil)
	if err != nil || !c.OK {
		t.Errorf("verify says %+v, %v", c, err)
	}
}

// cutWhen fails every call once left of them were made.
func cutWhen(left *atomic.Int64) func(context.Context, string, func() error) error {
	return func(_ context.Context, _ string, call func() error) error {
		if left.Add(-1) < 0 {
			return node.ErrUnreachable
		}
		return call()
	}
}
