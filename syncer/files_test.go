//go:build unix

package syncer

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/node/nodetest"
)

func database(t *testing.T, path, mode string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, q := range []string{
		"PRAGMA journal_mode=" + mode, "CREATE TABLE t(id INTEGER PRIMARY KEY, v BLOB)",
		"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n<500) INSERT INTO t SELECT n, randomblob(900) FROM c",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// rows opens a database's bytes and counts, after an integrity check.
func rows(t *testing.T, content string) (n int) {
	t.Helper()
	p := filepath.Join(t.TempDir(), "copy.db")
	write(t, p, content)
	db, err := sql.Open("sqlite3", p)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var ok string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&ok); err != nil || ok != "ok" {
		t.Fatalf("a saved database is not whole: %q %v", ok, err)
	}
	if err := db.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLiveDatabaseIsSavedConsistently(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	live := database(t, src+"/live.db", "WAL")
	defer live.Close()
	rest := database(t, src+"/rest.db", "DELETE")
	if err := rest.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, src+"/notes.txt-wal", "a file that only looks like a log")
	added(t, e, src)
	s := backup(t, e)
	if len(s.Skipped) != 0 {
		t.Errorf("skipped %v", s.Skipped)
	}
	got, disk := recovered(t, m, secret), onDisk(t, src)
	if got["rest.db"] != disk["rest.db"] {
		t.Error("a database that nobody has open did not come back byte for byte")
	}
	if n := rows(t, got["live.db"]); n != 500 {
		t.Errorf("the live database came back with %d rows of 500", n)
	}
	for _, side := range []string{"live.db-wal", "live.db-shm"} {
		if _, ok := got[side]; ok {
			t.Errorf("%s was saved beside the consistent copy", side)
		}
	}
	if got["notes.txt-wal"] == "" {
		t.Error("a file that looks like a log was left out")
	}
	if _, err := live.Exec("INSERT INTO t SELECT id+500, v FROM t"); err != nil {
		t.Fatal(err)
	}
	backup(t, e)
	if n := rows(t, recovered(t, m, secret)["live.db"]); n != 1000 {
		t.Errorf("a change in the log alone was not saved: %d rows of 1000", n)
	}
}

func TestFileThatKeepsChangingIsNamed(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	path := src + "/busy"
	write(t, path, strings.Repeat("A", 32<<20)) // longer to read than who writes may have to wait for a turn
	write(t, src+"/calm", "calm")
	added(t, e, src)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		for i := 0; err == nil && ctx.Err() == nil; i++ {
			_, err = f.WriteAt([]byte(strings.Repeat(string(rune('A'+i%26)), 64<<10)), int64(i%128)<<16)
		}
		done <- err
	}()
	s := backup(t, e)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(s.Skipped, func(x Skipped) bool { return x.Path == "busy" && x.Failed }) {
		t.Errorf("a file that changed while it was read is not named: %v", s.Skipped)
	}
	after := backup(t, e)
	if len(after.Skipped) != 0 {
		t.Errorf("once calm it is still skipped: %v", after.Skipped)
	}
	sameContents(t, recovered(t, m, secret), onDisk(t, src))
}

func TestGrowingLogIsSavedAsItWasAtAMoment(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	path := src + "/log"
	line := strings.Repeat("0123456789abcdef", 1000) + "\n"
	write(t, path, strings.Repeat(line, 400))
	added(t, e, src)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		for err == nil && ctx.Err() == nil {
			_, err = f.WriteString(line)
			time.Sleep(200 * time.Microsecond)
		}
		done <- err
	}()
	s := backup(t, e)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if len(s.Skipped) != 0 {
		t.Errorf("a log that only grows is reported: %v", s.Skipped)
	}
	if got := recovered(t, m, secret)["log"]; !strings.HasPrefix(onDisk(t, src)["log"], got) || len(got) < 400*len(line) {
		t.Errorf("the log came back as %d bytes that are not its beginning", len(got))
	}
}

func TestLargeDirectoriesAndFilesHaveListsAndComeBack(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	for i := range 6000 {
		write(t, fmt.Sprintf("%s/many/file with a long name %05d.txt", src, i), fmt.Sprint(i))
	}
	write(t, src+"/long", noise(3, 9<<20))
	added(t, e, src)
	first := backup(t, e)
	write(t, src+"/many/file with a long name 03000.txt", "changed")
	second := backup(t, e)
	if second.StoredBytes > first.StoredBytes/5 {
		t.Errorf("one changed name of 6000 stored %d bytes after %d", second.StoredBytes, first.StoredBytes)
	}
	verified(t, e)
	sameContents(t, recovered(t, m, secret), onDisk(t, src))
}

func TestPipesAreNamedAndLeaveTheBackupGood(t *testing.T) {
	m := &nodetest.Memory{}
	e := testEngine(t, m, testEntropy(t))
	src := t.TempDir()
	write(t, src+"/file", "x")
	makePipe(t, src+"/pipe")
	added(t, e, src)
	s := backup(t, e)
	if len(s.Skipped) != 1 || s.Skipped[0].Path != "pipe" || s.Skipped[0].Failed {
		t.Errorf("skipped %+v, want the pipe, which is no failure", s.Skipped)
	}
}

func TestFoldersThatCannotBeKeptAreRefusedInWords(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	src := t.TempDir()
	write(t, src+"/in/file", "x")
	e.home.cfg.Nodes[0].Dir = src + "/repo"
	write(t, src+"/repo/config", "{}")
	for dir, want := range map[string]error{
		src + "/none": ErrNotAFolder, src + "/in/file": ErrNotAFolder, src: ErrOwnStorage, src + "/repo": ErrOwnStorage, e.home.dir: ErrOwnStorage,
	} {
		if _, err := e.AddFolders(t.Context(), []string{dir}); err == nil || Describe(err).Exit != ExitUsage {
			t.Errorf("adding %s gave %v, want %v", dir, err, want)
		}
	}
	added(t, e, src+"/in")
	added(t, e, src+"/in") // twice is fine
	write(t, src+"/in/deep/file", "x")
	if _, err := e.AddFolders(t.Context(), []string{src + "/in/deep"}); err == nil {
		t.Error("a folder inside a kept one was added")
	}
	if n := len(e.Folders()); n != 1 {
		t.Errorf("%d folders are kept, want 1", n)
	}
}

func TestEveryErrorHasWords(t *testing.T) {
	for _, r := range problems {
		p := Describe(fmt.Errorf("while testing: %w", r.err))
		if p.Code == "internal" || p.Title == "" || p.Text == "" || p.Action == "" || p.Exit == 0 {
			t.Errorf("%v is described as %+v", r.err, p)
		}
	}
	for _, err := range []error{vault.ErrNoVault, catalog.ErrDamaged} {
		if Describe(err).Code == "internal" {
			t.Errorf("%v has no row", err)
		}
	}
}
