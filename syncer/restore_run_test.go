package syncer

import (
	"bytes"
	"context"
	"encoding/gob"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// Whatever the order of stops and goes, nothing is counted twice and no failure is forgotten.
func TestTheReportCountsEachFileOnce(t *testing.T) {
	type try struct {
		got   *Restored
		whole bool
	}
	bad := []Failure{{Path: "a", Reason: "it was there"}}
	for name, c := range map[string]struct {
		tries              []try
		files, same, fails int64
		next               int
	}{
		"at once":               {[]try{{&Restored{Files: 7, Same: 2, Failed: bad}, true}}, 7, 2, 1, 1},
		"paused":                {[]try{{&Restored{Files: 4, Same: 1, Failed: bad}, false}, {&Restored{Files: 3, Same: 6, Failed: bad}, true}}, 7, 2, 1, 1},
		"paused twice":          {[]try{{&Restored{Files: 4}, false}, {&Restored{Files: 1, Same: 4}, false}, {&Restored{Files: 2, Same: 7}, true}}, 7, 2, 0, 1},
		"cancelled":             {[]try{{&Restored{Files: 4, Same: 1, Failed: bad}, false}}, 4, 1, 1, 0},
		"two parts":             {[]try{{&Restored{Files: 4, Failed: bad}, true}, {&Restored{Files: 3, Same: 2, Failed: bad}, true}}, 7, 2, 2, 2},
		"stopped at its start":  {[]try{{nil, false}, {&Restored{Files: 7, Same: 2}, true}}, 7, 2, 0, 1},
		"cancelled and nothing": {[]try{{nil, false}}, 0, 0, 0, 0},
	} {
		var n restoreWork
		for _, x := range c.tries {
			n.add(x.got, x.whole)
		}
		n.settle()
		if n.Total.Files != c.files || n.Total.Same != c.same || n.Failed != c.fails || int64(len(n.Total.Failed)) != c.fails || n.Next != c.next {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

func TestTheReportNamesAThousandFilesAndCountsAll(t *testing.T) {
	var n restoreWork
	for range 3 {
		n.add(&Restored{Failed: make([]Failure, mostNamed-1)}, true)
	}
	if n.Failed != 3*(mostNamed-1) || len(n.Total.Failed) != mostNamed {
		t.Errorf("%d failed, %d are named", n.Failed, len(n.Total.Failed))
	}
}

// runs runs the engine until the returned function is called.
func runs(t *testing.T, e *Engine) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	return func() { cancel(); <-ended }
}

func isRestore(state string) func(Status) bool {
	return func(s Status) bool { return s.Restore != nil && s.Restore.State == state }
}

// A restore belongs to Roost, not to a window or a process: it is taken up again after a restart, a pause stays one, and its
// report waits until it is put away.
func TestARestoreAndItsPauseOutliveRoost(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		e := testEngine(t, n, testEntropy(t))
		src, to := t.TempDir(), t.TempDir()
		write(t, src+"/a", "one")
		write(t, src+"/deep/er/\xff.txt", "a name that is no text")
		added(t, e, src)
		if _, err := e.Backup(t.Context(), nil, nil); err != nil {
			t.Fatal(err)
		}
		must(t, e.SetMode(t.Context(), src, Manual))
		wish := RestoreWish{Title: "Restore", Parts: []RestoreOptions{
			{Snapshot: "latest", Paths: []string{"deep/er/\xff.txt"}, To: filepath.Join(to, "1")}, {Snapshot: "latest", To: filepath.Join(to, "2")},
		}}
		must(t, e.StartRestore(t.Context(), wish))
		if err := e.StartRestore(t.Context(), wish); !isProblem(err, "restoring") {
			t.Errorf("a second one beside it: %v", err)
		}
		id := e.restoreRun().ID
		must(t, e.SteerRestore(t.Context(), id, ErrandPause))

		e = reopen(t, e, n)
		stop := runs(t, e)
		until(t, e, "it is still paused", isRestore(ErrandPaused))
		if left, err := os.ReadDir(to); err != nil || len(left) > 0 {
			t.Errorf("a paused restore wrote %v, %v", left, err)
		}
		stop()
		must(t, e.SteerRestore(t.Context(), id, ErrandGoOn))

		e = reopen(t, e, n)
		stop = runs(t, e)
		s := until(t, e, "it is taken up again", isRestore(ErrandOver))
		if r := s.Restore; r.Total.Files != 3 || r.Failed > 0 || r.Canceled || len(r.Total.Targets) != 2 || r.Title != "Restore" {
			t.Errorf("the report is %+v", r)
		}
		for _, dir := range []string{"1", "2"} {
			if b, err := os.ReadFile(filepath.Join(to, dir, filepath.Base(src), "deep/er/\xff.txt")); err != nil || string(b) != "a name that is no text" {
				t.Errorf("%s: %q, %v", dir, b, err)
			}
		}
		stop()

		e = reopen(t, e, n)
		stop = runs(t, e)
		until(t, e, "the report is there", isRestore(ErrandOver))
		must(t, e.SteerRestore(t.Context(), id, ErrandPutAway))
		until(t, e, "the report is put away", func(s Status) bool { return s.Restore == nil })
		stop()
		list, err := e.Activity(t.Context(), 0)
		must(t, err)
		done := slices.DeleteFunc(list, func(a Activity) bool { return a.Kind != ActivityRestore })
		if len(done) != 1 || done[0].Files != 3 {
			t.Errorf("the activities are %+v", done)
		}
		if _, err := os.Stat(e.home.path(restoreFile)); !os.IsNotExist(err) {
			t.Errorf("the note is left: %v", err)
		}
	})
}

// A restore is stopped by a person in its midst, with what is back in its place; going on brings the rest, cancelling does not.
func TestARestoreIsStoppedInItsMidst(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		e := testEngine(t, n, testEntropy(t))
		src, to := t.TempDir(), t.TempDir()
		write(t, src+"/a", "one")
		added(t, e, src)
		if _, err := e.Backup(t.Context(), nil, nil); err != nil {
			t.Fatal(err)
		}
		must(t, e.SetMode(t.Context(), src, Manual))
		must(t, e.StartRestore(t.Context(), RestoreWish{Parts: []RestoreOptions{
			{Snapshot: "latest", To: filepath.Join(to, "1")}, {Snapshot: "feedfeed", To: filepath.Join(to, "2")},
		}}))
		defer runs(t, e)()
		s := until(t, e, "something is in the way", isRestore(ErrandStopped))
		if r := s.Restore; r.Problem == nil || r.Problem.Code != "unknown_version" || r.Part != 1 || r.Total.Files != 1 {
			t.Errorf("it is %+v", r)
		}
		must(t, e.SteerRestore(t.Context(), s.Restore.ID, ErrandGoOn))
		until(t, e, "it is in the way again", isRestore(ErrandStopped))
		must(t, e.SteerRestore(t.Context(), s.Restore.ID, ErrandCancel))
		s = until(t, e, "it is over", isRestore(ErrandOver))
		if r := s.Restore; !r.Canceled || r.Total.Files != 1 {
			t.Errorf("the report is %+v", r)
		}
		must(t, e.StartRestore(t.Context(), RestoreWish{Parts: []RestoreOptions{{Snapshot: "latest", To: filepath.Join(to, "3")}}}))
		until(t, e, "the next one takes its place", func(s Status) bool {
			return isRestore(ErrandOver)(s) && !s.Restore.Canceled && s.Restore.Total.Files == 1
		})
	})
}

func isProblem(err error, code string) bool { return err != nil && Describe(err).Code == code }

// A note that somebody tampered with is an error or makes sense: nothing of it is done blindly.
func FuzzNoteOfARestore(f *testing.F) {
	var b bytes.Buffer
	n := errandNote[restoreWork]{ID: "ab", Work: restoreWork{
		Wish: RestoreWish{Title: "Restore", Parts: []RestoreOptions{{Snapshot: "latest", To: "/x", OnConflict: KeepBoth}}},
	}}
	n.Work.add(&Restored{Files: 1, Failed: []Failure{{Path: "\xff", Reason: "no"}}}, false)
	if err := gob.NewEncoder(&b).Encode(&n); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := parseErrand[restoreWork](b)
		if err != nil {
			return
		}
		w := n.Work
		if w.Next < 0 || w.Next > len(w.Wish.Parts) || n.ID == "" {
			t.Errorf("%+v", n)
		}
		w.add(&Restored{Files: 1, Failed: make([]Failure, 3)}, false)
		w.settle()
	})
}

func TestANoteThatCannotBeReadIsNoRestore(t *testing.T) {
	m := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	must(t, os.WriteFile(m.home.path(restoreFile), []byte("nonsense"), 0o600))
	defer runs(t, m)()
	until(t, m, "it runs", func(s Status) bool { return s.Watching && s.Restore == nil })
}
