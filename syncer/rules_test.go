package syncer

import (
	"os"
	"slices"
	"strings"
	"testing"

	"roost/vault/node/nodetest"
)

func TestWhatIsNotWantedIsNotKept(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	write(t, src+"/keep", "1")
	write(t, src+"/project/node_modules/x/index.js", "2")
	write(t, src+"/project/main.js", "3")
	write(t, src+"/.cache/y", "4")
	write(t, src+"/notes.tmp", "5")
	write(t, src+"/deep/.roostignore", "*.log\n!important.log\n[\n")
	write(t, src+"/deep/a.log", "6")
	write(t, src+"/deep/important.log", "7")
	write(t, src+"/deep/er/b.log", "8")
	write(t, src+"/.roostignore", "*.tmp\n")
	added(t, e, src)
	s := backup(t, e)
	files := []string{".roostignore", "deep/.roostignore", "deep/important.log", "keep", "project/main.js"}
	got := keysOf(recovered(t, m, secret))
	for _, f := range files {
		if !slices.Contains(got, f) {
			t.Errorf("%s is not kept; kept is %v", f, got)
		}
	}
	for _, f := range got {
		for _, bad := range []string{"node_modules", ".cache", ".tmp", "a.log", "b.log"} {
			if strings.Contains(f, bad) {
				t.Errorf("%s is kept", f)
			}
		}
	}
	if len(s.Skipped) != 1 || s.Skipped[0].Failed || !strings.Contains(s.Skipped[0].Reason, "line 3") {
		t.Errorf("the line that makes no sense is told as %+v", s.Skipped)
	}
	if s := e.Status(t.Context()); s.State != StateSafe || s.Queue != 0 {
		t.Errorf("what is left out makes the status %+v", s)
	}

	must(t, e.Set(t.Context(), "ignore-node_modules", "off"))
	must(t, e.Set(t.Context(), "max-file-size", "1MB"))
	write(t, src+"/large", noise(1, 1_200_000))
	backup(t, e)
	got = keysOf(recovered(t, m, secret))
	if !slices.Contains(got, "project/node_modules/x/index.js") || slices.Contains(got, "large") {
		t.Errorf("after the settings changed kept is %v", got)
	}
}

func keysOf(m map[string]string) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// TestRulesThatChangeWhileRunningCountBelow: a changed .roostignore concerns directories in which nothing else happened.
func TestRulesThatChangeWhileRunningCountBelow(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	src := t.TempDir()
	write(t, src+"/deep/er/a.log", "1")
	write(t, src+"/deep/er/b.txt", "2")
	added(t, e, src)
	running(t, e)
	until(t, e, "the first backup", isSafe)
	write(t, src+"/.roostignore", "*.log\n")
	until(t, e, "the change is seen", func(s Status) bool { return !isSafe(s) })
	until(t, e, "the change is saved", isSafe)
	if got := recovered(t, m, secret); got["deep/er/a.log"] != "" || got["deep/er/b.txt"] != "2" {
		t.Errorf("after a rule came, kept is %v", keysOf(got))
	}
	must(t, os.Remove(src+"/.roostignore"))
	until(t, e, "the change is seen", func(s Status) bool { return !isSafe(s) })
	until(t, e, "the change is saved", isSafe)
	if got := recovered(t, m, secret); got["deep/er/a.log"] != "1" {
		t.Errorf("after the rule went, kept is %v", keysOf(got))
	}
	must(t, e.Set(t.Context(), "max-file-size", "1B"))
	write(t, src+"/deep/er/c", "long enough")
	until(t, e, "the change is seen", func(s Status) bool { return !isSafe(s) })
	until(t, e, "the change is saved", isSafe)
	if got := recovered(t, m, secret); got["deep/er/c"] != "" {
		t.Errorf("with a size limit kept is %v", keysOf(got))
	}
}
