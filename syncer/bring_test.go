package syncer

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

func isBringing(state string) func(Status) bool {
	return func(s Status) bool { return s.Bring != nil && s.Bring.State == state }
}

// TestWhatIsBroughtInGoesOnWithoutAWindow: every kind, in the order that was asked for; a pause outlives Roost, what cannot be
// brought in is named and stops nothing, and the report waits until it is put away.
func TestWhatIsBroughtInGoesOnWithoutAWindow(t *testing.T) {
	d := nodetest.StartKubo(t)
	n := d.Node(t)
	e := plainEngine(t, n)
	src, old, out := t.TempDir(), t.TempDir(), t.TempDir()+"/copy"
	write(t, src+"/a", "one")
	hardLinked(t, old, 3)
	open := t.TempDir() + "/pictures"
	write(t, open+"/sea.jpg", "blue")
	top := strings.TrimSpace(d.Run(t, "add", "-r", "-Q", open))
	wish := BringWish{Parts: []BringPart{
		{Kind: BringFolder, Path: src, Files: 1, Bytes: 3},
		{Kind: BringFolder, Path: src + "/none"},
		{Kind: BringDated, Path: old},
		{Kind: BringPlain, Plain: PlainSource{CID: top, Name: "pictures"}},
		{Kind: BringExport, Path: out},
		{Kind: BringOpen, Path: src, Open: &OpenWish{}},
	}}
	unasked := BringWish{Parts: []BringPart{{Kind: BringOpen, Path: src}}}
	if err := e.StartBring(t.Context(), unasked); !errors.Is(err, ErrUsage) {
		t.Errorf("something is to lie open, which nobody was asked about: %v", err)
	}
	must(t, e.StartBring(t.Context(), wish))
	if err := e.StartBring(t.Context(), wish); !isProblem(err, "bringing") {
		t.Errorf("a second one beside it: %v", err)
	}
	id := e.bringRun().ID
	must(t, e.SteerBring(t.Context(), id, ErrandPause))

	e = reopen(t, e, n)
	stop := runs(t, e)
	until(t, e, "it is still paused", isBringing(ErrandPaused))
	if list := e.Folders(); len(list) > 0 {
		t.Errorf("while it was paused, %+v was added", list)
	}
	must(t, e.SteerBring(t.Context(), id, ErrandGoOn))
	s := until(t, e, "it is over", isBringing(ErrandOver))
	stop()

	b := s.Bring
	if len(b.Done) != 6 || b.Canceled || b.Bytes != 3 {
		t.Fatalf("brought in %+v", b)
	}
	for i, want := range []struct {
		versions int
		files    int64
		problem  string
	}{{1, 1, ""}, {0, 0, "not_a_folder"}, {3, 6, ""}, {1, 1, ""}, {0, b.Done[4].Files, ""}, {0, 1, ""}} {
		got, code := b.Done[i], ""
		if got.Problem != nil {
			code = got.Problem.Code
		}
		if got.Versions != want.versions || got.Files != want.files || code != want.problem || got.Failed > 0 {
			t.Errorf("part %d brought %+v, want %+v", i, got, want)
		}
	}
	list := e.Folders()
	if len(list) != 1 || list[0].Mode != Automatic {
		t.Errorf("kept from now on are %+v", list)
	}
	if b.Done[3].CID != top || b.Done[4].Files == 0 {
		t.Errorf("details %+v", b.Done)
	}
	if got := d.Run(t, "cat", b.Done[5].CID+"/a"); got != "one" {
		t.Errorf("open lies %q", got)
	}
	versions, _, err := e.Snapshots(t.Context(), "")
	must(t, err)
	if len(versions) != 5 {
		t.Errorf("%d versions", len(versions))
	}
	e = reopen(t, e, n)
	e.brings.mu.Lock()
	e.brings.load(e)
	e.brings.mu.Unlock()
	if now := e.bringRun(); now == nil || now.State != ErrandOver {
		t.Errorf("after a restart, the report is %+v", now)
	}
	must(t, e.SteerBring(t.Context(), id, ErrandPutAway))
	if _, err := os.Stat(e.home.path(bringFile)); !os.IsNotExist(err) || e.bringRun() != nil {
		t.Errorf("the report is still there: %v", err)
	}
}

// TestBringingInWaitsForTheStorageAndMaySkip: nothing is lost of what waits, and cancelled, a folder that was not saved is not kept.
func TestBringingInWaitsForTheStorageAndMaySkip(t *testing.T) {
	f := nodetest.NewFaulty(&nodetest.Memory{}, 1)
	e := plainEngine(t, f)
	one, two, three := t.TempDir(), t.TempDir(), t.TempDir()
	for _, dir := range []string{one, two, three} {
		write(t, dir+"/a", dir)
	}
	f.Script(nodetest.Fault{Method: "Import", Kind: nodetest.Fail, Err: node.ErrNoSpace})
	must(t, e.StartBring(t.Context(), BringWish{Parts: []BringPart{{Kind: BringFolder, Path: one}, {Kind: BringFolder, Path: two}, {Kind: BringFolder, Path: three}}}))
	id := e.bringRun().ID
	stop := runs(t, e)
	defer stop()
	s := until(t, e, "it is stopped", isBringing(ErrandStopped))
	if s.Bring.Problem == nil || s.Bring.Problem.Exit != ExitStorage || s.Bring.Part != 0 {
		t.Errorf("stopped with %+v", s.Bring)
	}
	must(t, e.SteerBring(t.Context(), id, ErrandSkip))
	until(t, e, "the next is stopped", func(s Status) bool { return isBringing(ErrandStopped)(s) && s.Bring.Part == 1 })
	if _, err := e.folder(one); !errors.Is(err, ErrNotAdded) {
		t.Errorf("what was skipped is kept: %v", err)
	}
	f.Script()
	must(t, e.SteerBring(t.Context(), id, ErrandGoOn))
	s = until(t, e, "it is over", isBringing(ErrandOver))
	if d := s.Bring.Done; len(d) != 3 || d[0].Problem == nil || d[1].Versions != 1 || d[2].Versions != 1 {
		t.Errorf("brought in %+v", s.Bring)
	}
	must(t, e.SteerBring(t.Context(), id, ErrandPutAway))

	f.Script(nodetest.Fault{Method: "Import", Kind: nodetest.Fail, Err: node.ErrNoSpace})
	write(t, one+"/b", "more")
	must(t, e.StartBring(t.Context(), BringWish{Parts: []BringPart{{Kind: BringFolder, Path: one}, {Kind: BringFolder, Path: two}}}))
	id = e.bringRun().ID
	until(t, e, "it is stopped", isBringing(ErrandStopped))
	must(t, e.SteerBring(t.Context(), id, ErrandCancel))
	s = until(t, e, "it is over", isBringing(ErrandOver))
	if !s.Bring.Canceled || len(s.Bring.Done) > 0 {
		t.Errorf("cancelled with %+v", s.Bring)
	}
	if _, err := e.folder(one); !errors.Is(err, ErrNotAdded) {
		t.Errorf("a folder that was not saved is kept: %v", err)
	}
	if _, err := e.folder(two); err != nil {
		t.Errorf("a folder that was kept before is not kept any more: %v", err)
	}
}

// TestTheEstimateComesNearWhatIsStored: of what compresses, of what does not, and of what is stored already.
func TestTheEstimateComesNearWhatIsStored(t *testing.T) {
	e := plainEngine(t, &nodetest.Memory{})
	known, mixed := t.TempDir(), t.TempDir()
	write(t, known+"/large", noise(1, 4_000_000))
	added(t, e, known)
	backup(t, e)
	write(t, mixed+"/known", noise(1, 4_000_000))
	write(t, mixed+"/new", noise(2, 4_000_000))
	write(t, mixed+"/text", strings.Repeat("the same words again and again\n", 130_000))
	for i := range 300 {
		write(t, fmt.Sprintf("%s/small/%d", mixed, i), fmt.Sprint(i))
	}
	write(t, mixed+"/node_modules/left out", "x")
	got, err := e.Estimate(t.Context(), BringPart{Kind: BringFolder, Path: mixed}, nil)
	must(t, err)
	added(t, e, mixed)
	list, err := e.Backup(t.Context(), []string{mixed}, nil)
	must(t, err)
	s := list[0]
	if got.Files != s.Files || got.Bytes != s.Bytes || got.Left == 0 || got.Read == 0 || got.Time <= 0 {
		t.Errorf("estimated %+v, saved %+v", got, s)
	}
	if ratio := float64(got.Stored) / float64(s.StoredBytes); ratio < 0.6 || ratio > 1.6 {
		t.Errorf("estimated are %d bytes on the storage, %d went there", got.Stored, s.StoredBytes)
	}

	old := t.TempDir()
	hardLinked(t, old, 4)
	dated, err := e.Estimate(t.Context(), BringPart{Kind: BringDated, Path: old}, nil)
	must(t, err)
	if dated.Dates != 4 || dated.Files != 8 || dated.Bytes > 3_100_000 {
		t.Errorf("of 4 dated folders that share one large file: %+v", dated)
	}
	if _, err := e.Estimate(t.Context(), BringPart{Kind: BringFolder, Path: mixed + "/none"}, nil); !errors.Is(err, ErrNotAFolder) {
		t.Errorf("of a folder that is not there: %v", err)
	}
}

// TestAMoveIsBroughtInWithoutItsKeyInTheNote: the note names the storages, and no secret.
func TestAMoveIsBroughtInWithoutItsKeyInTheNote(t *testing.T) {
	m := newMoving(t)
	wish := BringWish{Parts: []BringPart{{Kind: BringMove, From: "storage", To: SetupOptions{URL: "http://127.0.0.1:1/new", Token: "bearer:secret-of-a-test"}}}}
	must(t, m.e.StartBring(t.Context(), wish))
	b, err := os.ReadFile(m.e.home.path(bringFile))
	must(t, err)
	if strings.Contains(string(b), "secret") {
		t.Error("the note has a secret in it")
	}
	stop := runs(t, m.e)
	s := until(t, m.e, "it is over", isBringing(ErrandOver))
	stop()
	if d := s.Bring.Done; len(d) != 1 || d[0].Problem != nil || d[0].Name == "storage" {
		t.Errorf("brought in %+v", s.Bring)
	}
}
