package syncer

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

func drilled(t *testing.T, e *Engine) Drilled {
	t.Helper()
	all, err := e.Drill(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(e.home.config().Nodes) {
		t.Fatalf("%d drills on %d storages", len(all), len(e.home.config().Nodes))
	}
	return all[0]
}

// TestADrillBringsFilesBackAndComparesThem: on a real Kubo and in memory, past the catalog and every cache.
func TestADrillBringsFilesBackAndComparesThem(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		e := testEngine(t, n, testEntropy(t))
		src := t.TempDir()
		sample(t, src, 1)
		added(t, e, src)
		backup(t, e)
		if err := os.Truncate(src+"/small.txt", 2); err != nil { // not saved yet: it is not compared with the file
			t.Fatal(err)
		}
		d := drilled(t, e)
		if d.Files != drillFiles || d.Back != drillFiles || d.Same < drillFiles-1 || !d.OK() || d.Words() != "23 of 23 came back" {
			t.Errorf("the drill: %+v", d)
		}
		s := e.Status(t.Context())
		if len(s.Proof.Drills) != 1 || s.Proof.Drills[0].Back != drillFiles {
			t.Errorf("the status has %+v", s.Proof)
		}
		a, err := e.Activity(t.Context(), 1)
		if err != nil || len(a) != 1 || !strings.Contains(a[0].Text, "23 of 23 came back") {
			t.Errorf("the activity is %+v, %v", a, err)
		}
		if _, err := os.Stat(e.home.path(freshDir)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the drill left something behind: %v", err)
		}
	})
}

// TestADrillFindsWhatIsNotThere: a damaged file, one that is gone, and one that is another here than there.
func TestADrillFindsWhatIsNotThere(t *testing.T) {
	for _, how := range []string{"lost", "damaged", "other"} {
		t.Run(how, func(t *testing.T) {
			m := &nodetest.Memory{PinTimeout: 50 * time.Millisecond}
			e := testEngine(t, m, testEntropy(t))
			src := t.TempDir()
			write(t, src+"/a", noise(1, 300_000))
			added(t, e, src)
			backup(t, e)
			if how == "other" {
				fi, err := os.Stat(src + "/a")
				if err == nil {
					err = os.WriteFile(src+"/a", []byte(noise(2, 300_000)), 0o644)
				}
				if err == nil {
					err = os.Chtimes(src+"/a", fi.ModTime(), fi.ModTime())
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			for _, p := range packsOf(t, e) {
				switch {
				case p.Type != format.DataPack || how == "other":
				case how == "lost":
					m.Lose(p.Digest.RawCID())
				default:
					m.Damage(p.Digest.RawCID())
				}
			}
			d := drilled(t, e) // the catalog and the pack cache know everything
			if d.Files != 1 || d.Back != 0 || len(d.Failed) != 1 || d.Failed[0].Damage != (how != "other") {
				t.Errorf("the drill: %+v", d)
			}
			s := e.Status(t.Context())
			found := false
			for _, p := range s.Problems {
				found = found || p.Code == "drill" && strings.Contains(p.Text+p.Detail, "0 of 1 came back")
			}
			if !found {
				t.Errorf("the status says %+v", s.Problems)
			}
		})
	}
}

func TestADrillWithoutAStorageSaysSo(t *testing.T) {
	m := &nodetest.Memory{}
	e := testEngine(t, m, testEntropy(t))
	if d := drilled(t, e); d.Files != 0 || !d.OK() {
		t.Errorf("with nothing saved: %+v", d)
	}
	e = reopen(t, e, nodetest.NewFaulty(m, 1, nodetest.Fault{Method: "List"}))
	if _, err := e.Drill(t.Context(), nil); !errors.Is(err, node.ErrUnreachable) {
		t.Errorf("without its storage: %v", err)
	}
}

// TestLostPartsComeBackFromAnotherStorage: of an old version, which no file has any more.
func TestLostPartsComeBackFromAnotherStorage(t *testing.T) {
	for _, how := range []string{"lost", "damaged"} {
		for _, where := range []string{"the first", "the second"} {
			t.Run(how+" on "+where, func(t *testing.T) {
				m, far, secret := newPeer("first"), newPeer("second"), testEntropy(t)
				e := testEngine(t, m, secret)
				src := t.TempDir()
				write(t, src+"/old", noise(1, 900_000))
				added(t, e, src)
				backup(t, e)
				old := onDisk(t, src)
				if err := os.Remove(src + "/old"); err != nil {
					t.Fatal(err)
				}
				write(t, src+"/new", noise(2, 100_000))
				backup(t, e)
				further(t, e, "far", far)
				bad := map[string]peer{"the first": m, "the second": far}[where]
				for _, p := range packsOf(t, e) {
					if p.Type == format.DataPack {
						if how == "lost" {
							bad.Lose(p.Digest.RawCID())
						} else {
							bad.Damage(p.Digest.RawCID())
						}
						break
					}
				}
				e = reopenWith(t, e, m, "far", far)
				c, err := e.Verify(t.Context(), 100, nil)
				if err != nil || c.OK || c.Mended != 1 {
					t.Fatalf("verify says %+v, %v", c, err)
				}
				a, err := e.Activity(t.Context(), 1)
				if err != nil || !strings.Contains(a[0].Text, "brought back from another storage") {
					t.Errorf("the activity is %+v, %v", a, err)
				}
				verified(t, e)
				if s := e.Status(t.Context()); s.State != StateSafe {
					t.Errorf("the status is %s: %+v", s.State, s.Problems)
				}
				for name, n := range map[string]node.Node{"first": m, "second": far} {
					if err := n.GC(t.Context()); err != nil {
						t.Fatal(err)
					}
					d := testEngine(t, n, secret)
					all, _, err := d.Snapshots(t.Context(), "")
					if err != nil || len(all) != 2 {
						t.Fatalf("%d versions on the %s storage, %v", len(all), name, err)
					}
					sameContents(t, versionContents(t, d, all[1].ID), old)
				}
			})
		}
	}
}

// reopenWith is reopen with a further storage.
func reopenWith(t *testing.T, e *Engine, n node.Node, name string, far node.Node) *Engine {
	t.Helper()
	e = reopen(t, e, n)
	swapFar(e, name, far)
	return e
}

func TestAStorageThatCannotBeCheckedIsNamed(t *testing.T) {
	m, far := newPeer("first"), newPeer("second")
	e := testEngine(t, m, testEntropy(t))
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	further(t, e, "far", far)
	swapFar(e, "far", nodetest.NewFaulty(far, 1, nodetest.Fault{}))
	c, err := e.Verify(t.Context(), 100, nil)
	if !errors.Is(err, node.ErrUnreachable) || !strings.Contains(fmt.Sprint(err), "far") || c == nil || !c.OK {
		t.Errorf("verify says %+v, %v", c, err)
	}
}

// TestEverythingIsCheckedOnAnotherStorageWhileTheFirstIsAway: the others are checked for themselves; that the first could not
// be is said, and counts.
func TestEverythingIsCheckedOnAnotherStorageWhileTheFirstIsAway(t *testing.T) {
	setUp := func(t *testing.T) (e *Engine, far peer, src string) {
		t.Helper()
		m, far := newPeer("first"), newPeer("second")
		e = testEngine(t, m, testEntropy(t))
		src = t.TempDir()
		sample(t, src, 1)
		added(t, e, src)
		backup(t, e)
		further(t, e, "far", far)
		return e, far, src
	}
	away := func(e *Engine, far node.Node) (*Checked, error) {
		return reopenWith(t, e, &cutOff{Node: newPeer("first")}, "far", far).Verify(t.Context(), 100, nil)
	}
	t.Run("it has all", func(t *testing.T) {
		e, far, _ := setUp(t)
		e = reopenWith(t, e, &cutOff{Node: newPeer("first")}, "far", far)
		c, err := e.Verify(t.Context(), 100, nil)
		if !errors.Is(err, node.ErrUnreachable) || !strings.Contains(fmt.Sprint(err), "storage") || c == nil || !c.OK || c.Blocks == 0 || c.Bytes < 1_000_000 {
			t.Errorf("verify says %+v, %v", c, err)
		}
		if p, err := e.proof(t.Context()); err != nil || !p.Checked.IsZero() {
			t.Errorf("that the first storage was checked is noted as %+v, %v", p, err)
		}
		d, err := e.Drill(t.Context(), nil)
		if !errors.Is(err, node.ErrUnreachable) || len(d) != 1 || !d[0].OK() || d[0].Storage != "far" || d[0].Files == 0 {
			t.Errorf("the drill: %+v, %v", d, err)
		}
	})
	t.Run("it lacks a part", func(t *testing.T) {
		e, far, _ := setUp(t)
		for _, p := range packsOf(t, e) {
			if p.Type == format.DataPack {
				far.Lose(p.Digest.RawCID())
				break
			}
		}
		if c, err := away(e, far); !errors.Is(err, node.ErrUnreachable) || c == nil || c.OK || !strings.Contains(strings.Join(c.Problems, "\n"), "far") {
			t.Errorf("verify says %+v, %v", c, err)
		}
	})
	t.Run("it is behind", func(t *testing.T) {
		e, far, src := setUp(t)
		swapFar(e, "far", &cutOff{Node: far})
		write(t, src+"/later", noise(3, 300_000))
		if _, err := e.Backup(t.Context(), nil, nil); err == nil {
			t.Fatal("the second storage was not cut off")
		}
		if c, err := away(e, far); !errors.Is(err, node.ErrUnreachable) || c == nil || c.OK || !strings.Contains(strings.Join(c.Problems, "\n"), "1 version is not there") {
			t.Errorf("verify says %+v, %v", c, err)
		}
	})
	t.Run("so is it", func(t *testing.T) {
		e, far, _ := setUp(t)
		if c, err := away(e, &cutOff{Node: far}); !errors.Is(err, node.ErrUnreachable) || c != nil {
			t.Errorf("verify says %+v, %v", c, err)
		}
	})
}

// The same on two real ones, of which the first is killed.
func TestARealStorageIsCheckedWhileTheFirstIsAway(t *testing.T) {
	first := nodetest.StartKubo(t)
	e := testEngine(t, first.Node(t), testEntropy(t))
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	further(t, e, "far", nodetest.StartKubo(t).Node(t))
	verified(t, e)
	first.Kill(t)
	c, err := e.Verify(t.Context(), 100, nil)
	if !errors.Is(err, node.ErrUnreachable) || c == nil || !c.OK || c.Bytes < 1_000_000 {
		t.Errorf("verify says %+v, %v", c, err)
	}
	if s := e.Status(t.Context()); s.State == StateSafe {
		t.Errorf("the state is %s although a storage is away", s.State)
	}
}

// TestWhatIsDueIsLookedAtInTime reads like the settings.
func TestWhatIsDueIsLookedAtInTime(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	good := []Drilled{{Time: ago(time.Hour * 24)}}
	for what, x := range map[string]struct {
		proof    proof
		settings map[string]string
		want     due
	}{
		"nothing was ever looked at": {proof{}, nil, due{true, vault.Share{From: 0, To: 12}, true}},
		"all is fresh":               {proof{Checked: ago(time.Hour), Tried: ago(time.Hour * 24), Drills: good}, nil, due{}},
		"a day later":                {proof{Checked: ago(24 * time.Hour), From: 300, Tried: ago(time.Hour * 24), Drills: good}, nil, due{true, vault.Share{From: 300, To: 312}, false}},
		"the last part":              {proof{Checked: ago(24 * time.Hour), From: 996, Tried: ago(time.Hour * 24), Drills: good}, nil, due{true, vault.Share{From: 996, To: 1000}, false}},
		"all in a week":              {proof{Checked: ago(24 * time.Hour), Tried: now, Drills: good}, map[string]string{"verify-all": "168h"}, due{true, vault.Share{From: 0, To: 143}, false}},
		"structure alone":            {proof{Checked: ago(24 * time.Hour), Tried: now, Drills: good}, map[string]string{"verify-all": "never"}, due{true, vault.Share{From: 0, To: 0}, false}},
		"never":                      {proof{}, map[string]string{"verify": "never", "drill": "never"}, due{}},
		"a month after the drill":    {proof{Checked: now, Tried: ago(31 * 24 * time.Hour), Drills: []Drilled{{Time: ago(31 * 24 * time.Hour)}}}, nil, due{drill: true}},
		"a drill that could not be":  {proof{Checked: now, Tried: ago(10 * time.Minute)}, nil, due{}},
	} {
		if got := dueNow(x.proof, config{Settings: x.settings}, now); got != x.want {
			t.Errorf("%s: %+v, want %+v", what, got, x.want)
		}
	}
}

// TestTheStoragesAreProvedByThemselves: the whole content is read part by part, and a drill is made.
func TestTheStoragesAreProvedByThemselves(t *testing.T) {
	m := &nodetest.Memory{}
	e := testEngine(t, m, testEntropy(t))
	e.home.cfg.Settings = map[string]string{"verify-all": "72h"}
	now := time.Now()
	if err := e.prove(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if p := e.knownProof(t.Context()); !p.Checked.IsZero() {
		t.Errorf("with nothing saved: %+v", p)
	}
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	for day := range 3 {
		if p := e.knownProof(t.Context()); !p.ReadAll.IsZero() {
			t.Fatalf("all was read after %d days of 3", day)
		}
		if err := e.prove(t.Context(), now.Add(time.Duration(day)*25*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	e = reopen(t, e, m)
	p := e.knownProof(t.Context())
	if p.ReadAll.IsZero() || p.Checked.IsZero() || len(p.Drills) != 1 || !p.Drills[0].OK() || p.Found != 0 {
		t.Errorf("after three days: %+v", p)
	}
}
