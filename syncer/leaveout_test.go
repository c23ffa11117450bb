package syncer

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"roost/syncer/disk"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// What a person does not want any longer is in no later version; their own lines stay as they wrote them.
func TestWhatIsLeftOutIsInNoLaterVersion(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	for name, text := range map[string]string{"keep.txt": "1", "odd [name]*.txt": "2", "heap/a": "3", "heap/b": "4", "nested/heap/a": "5"} {
		write(t, filepath.Join(src, name), text)
	}
	write(t, src+"/.roostignore", "# mine\n*.tmp")
	must(t, os.Chmod(src+"/.roostignore", 0o600))
	added(t, e, src)
	backup(t, e)
	for _, path := range []string{"odd [name]*.txt", "heap", "odd [name]*.txt", "heap/a"} {
		must(t, e.LeaveOut(t.Context(), src, path))
	}
	if b, err := os.ReadFile(src + "/.roostignore"); err != nil || string(b) != "# mine\n*.tmp\n/odd \\[name\\]\\*.txt\n/heap\n" {
		t.Errorf("the rules are %q, %v", b, err)
	}
	if fi, err := os.Stat(src + "/.roostignore"); err != nil || fi.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("the rules are %v now, %v", fi.Mode(), err)
	}
	backup(t, e)
	if got := keysOf(recovered(t, m, secret)); !slices.Equal(got, []string{".roostignore", "keep.txt", "nested/heap/a"}) {
		t.Errorf("the version holds %q", got)
	}
}

func TestLeavingOutRefusesWhatItCannotDo(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	src := t.TempDir()
	write(t, src+"/a", "1")
	added(t, e, src)
	if err := e.LeaveOut(t.Context(), t.TempDir(), "a"); !errors.Is(err, ErrNotAdded) {
		t.Errorf("of a folder that is not kept: %v", err)
	}
	for _, path := range []string{"", "../a", ".roostignore", "deep/.roostignore", "two\nlines"} {
		if err := e.LeaveOut(t.Context(), src, path); !errors.Is(err, ErrUsage) {
			t.Errorf("%q: %v", path, err)
		}
	}
	if _, err := os.Lstat(src + "/.roostignore"); err == nil {
		t.Error("a file of rules was made for nothing")
	}
	theirs := filepath.Join(t.TempDir(), "theirs")
	write(t, theirs, "x\n")
	if err := os.Symlink(theirs, src+"/.roostignore"); err != nil {
		t.Fatal(err)
	}
	if err := e.LeaveOut(t.Context(), src, "a"); !errors.Is(err, disk.ErrConflict) {
		t.Errorf("through a link: %v", err)
	}
	if b, err := os.ReadFile(theirs); err != nil || string(b) != "x\n" {
		t.Errorf("what the link leads to is %q, %v", b, err)
	}
}

// Every reason that a version or an activity holds has a kind, so that the window knows what helps.
func TestEveryReasonHasAKind(t *testing.T) {
	for _, c := range []struct {
		s    Skipped
		want Why
		old  bool
	}{
		{Skipped{Reason: reason(os.ErrPermission) + reasonOld, Failed: true}, WhyPermission, true},
		{Skipped{Reason: reason(os.ErrNotExist), Failed: true}, WhyGone, false},
		{Skipped{Reason: reason(disk.ErrNotRegular), Failed: true}, WhyReplaced, false},
		{Skipped{Reason: reason(disk.ErrNotDir), Failed: true}, WhyReplaced, false},
		{Skipped{Reason: reason(errors.New("input/output error")), Failed: true}, WhyUnreadable, false},
		{Skipped{Reason: errChanging.Error() + reasonMixed, Failed: true}, WhyChanging, false},
		{Skipped{Reason: reasonInUse, Failed: true}, WhyInUse, false},
		{Skipped{Reason: reasonTooDeep, Failed: true}, WhyTooDeep, false},
		{Skipped{Reason: reasonAttributes}, WhyAttributes, false},
		{Skipped{Reason: reasonOwn}, WhyOwn, false},
		{Skipped{Reason: "socket"}, WhySpecial, false},
		{Skipped{Path: "a/.roostignore", Reason: "a/.roostignore, line 1 is too long and does not count"}, WhyRules, false},
		{Skipped{Reason: plainReason(node.ErrNotFound), Failed: true}, WhyNotHeld, false},
		{Skipped{Reason: plainReason(node.ErrWrongBytes), Failed: true}, WhyNotHeld, false},
		{Skipped{Reason: plainReason(errors.New("a kind of data that is no file")), Failed: true}, WhyNoFile, false},
		{Skipped{Reason: reasonTwice, Failed: true}, WhyTwice, false},
		{Skipped{Reason: "something of an earlier Roost", Failed: true}, WhyOther, false},
	} {
		if got, old := c.s.Why(); got != c.want || old != c.old {
			t.Errorf("%q: %d, %v, want %d, %v", c.s.Reason, got, old, c.want, c.old)
		}
	}
}
