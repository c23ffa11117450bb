package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"roost/syncer/killtest"
	"roost/vault/node/nodetest"
)

// observed is roost under the eyes of killtest.
func observed() {
	program, err := os.Executable()
	if err == nil {
		err = killtest.Become(program, append([]string{"roost"}, os.Args[1:]...), os.Environ())
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(125)
}

func init() { programs["observed"] = observed }

// killing is a verb that is killed.
type killing struct {
	name   string
	local  bool              // the storage is this computer
	once   func(*world)      // before the first
	before func(*world, int) // before each, which are counted
	verb   func(*world) []string
	after  func(*world) // goes on cleanly; what has to be true then
}

// killings are all there are.
var killings = slices.Concat([]killing{
	{
		name:   "setup",
		before: func(w *world, _ int) { w.anew() },
		verb: func(w *world) []string {
			return append([]string{"setup", "--new", "--words-out", w.words()}, w.node()...)
		},
		after: (*world).setUpAgain,
	},
	{
		name: "setup on this computer", local: true,
		before: func(w *world, _ int) { w.anew() },
		verb: func(w *world) []string {
			return append([]string{"setup", "--new", "--words-out", w.words()}, w.node()...)
		},
		after: (*world).setUpAgain,
	},
	{
		name: "recover",
		once: func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, _ int) {
			if err := os.RemoveAll(w.home()); err != nil {
				w.t.Fatal(err)
			}
		},
		verb: func(w *world) []string {
			return append([]string{"setup", "--recover", "--words-file", w.words()}, w.node()...)
		},
		after: func(w *world) {
			if !w.isSetUp() {
				w.roost(append([]string{"setup", "--recover", "--words-file", w.words()}, w.node()...)...)
			}
		},
	},
	{
		name:   "folder add",
		before: func(w *world, _ int) { w.anew(); w.setUp() },
		verb:   func(w *world) []string { return []string{"folder", "add", w.src()} },
		after: func(w *world) {
			w.roost("folder", "list")
			w.roost("folder", "add", w.src())
			w.roost("backup")
		},
	},
	{
		name:   "set",
		once:   func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, _ int) { w.roost("set", "settle", "5s") },
		verb:   func(*world) []string { return []string{"set", "settle", "7s"} },
		after: func(w *world) {
			var a struct{ Settings []struct{ Key, Value string } }
			if err := json.Unmarshal([]byte(w.roost("set", "--json")), &a); err != nil {
				w.t.Fatal(err)
			}
			i := slices.IndexFunc(a.Settings, func(s struct{ Key, Value string }) bool { return s.Key == "settle" })
			if i < 0 || a.Settings[i].Value != "5s" && a.Settings[i].Value != "7s" {
				w.t.Errorf("the settings are %+v, neither the old nor the new ones", a)
			}
			w.roost("set", "settle", "7s")
		},
	},
	{
		name:   "first backup",
		before: func(w *world, _ int) { w.anew(); w.added() },
		verb:   func(*world) []string { return []string{"backup"} },
		after:  func(w *world) { w.roost("backup") },
	},
	{
		name:   "later backup",
		once:   func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, i int) { w.changed(i) },
		verb:   func(*world) []string { return []string{"backup"} },
		after:  func(w *world) { w.roost("backup") },
	},
	{
		name: "backup on this computer", local: true,
		once:   func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, i int) { w.changed(i) },
		verb:   func(*world) []string { return []string{"backup"} },
		after:  func(w *world) { w.roost("backup") },
	},
	{
		name: "prune",
		once: func(w *world) { w.anew(); w.backedUp(); w.roost("keep", "--daily", "1") },
		before: func(w *world, i int) {
			for range 2 { // one version more is to go than stays
				w.changed(i)
				w.roost("backup")
			}
		},
		verb:  func(*world) []string { return []string{"prune", "--now"} },
		after: func(w *world) { w.roost("prune", "--now") },
	},
	{
		name: "forget",
		once: func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, i int) {
			w.write("secret", fmt.Sprint("to be forgotten ", i))
			w.roost("backup")
			if err := os.Remove(w.secret()); err != nil {
				w.t.Fatal(err)
			}
			w.roost("backup")
		},
		verb: func(w *world) []string { return []string{"forget", "--now", w.secret()} },
		after: func(w *world) {
			if w.finds("secret") {
				w.roost("forget", "--now", w.secret())
			} else {
				w.roost("backup") // whoever writes next sweeps what was half made
			}
			if w.finds("secret") {
				w.t.Error("what was forgotten is found")
			}
		},
	},
	{
		name:   "run",
		once:   func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, i int) { w.changed(i) },
		verb:   func(*world) []string { return []string{"run"} },
		after:  func(w *world) { w.untilSafe() },
	},
	{
		name: "restore",
		once: func(w *world) { w.anew(); w.backedUp() },
		before: func(w *world, _ int) {
			if err := os.RemoveAll(filepath.Join(w.dir, "back")); err != nil {
				w.t.Fatal(err)
			}
		},
		verb: func(w *world) []string { return []string{"restore", "latest", "--to", filepath.Join(w.dir, "back")} },
		after: func(w *world) {
			w.roost("restore", "latest", "--to", filepath.Join(w.dir, "back"))
			w.sameTrees(filepath.Join(w.dir, "back", "Documents"))
		},
	},
}, killingsOfStorages, killingsOfDevices)

// setUpAgain is what a person does after a setup that was killed, up to a backup.
func (w *world) setUpAgain() {
	w.t.Helper()
	again := w.command("roost", append([]string{"setup", "--new", "--words-out", w.words()}, w.node()...)...)
	if w.isSetUp() {
		w.exitsWith(2, again)
	} else {
		w.exitsWith(0, again)
	}
	w.spelled = strings.Join(w.phrase(), " ")
	if b, err := os.ReadFile(w.words()); err == nil && len(b) > 0 && strings.TrimSpace(string(b)) != w.spelled {
		w.t.Errorf("the file says %q, which are not the words", b)
	}
	w.roost("folder", "add", w.src())
	w.roost("backup")
}

func TestKilledAtEveryDurablePoint(t *testing.T) {
	t.Setenv("ROOST_IPFS", nodetest.Binary(t))
	soak := os.Getenv("ROOST_SOAK") != "" // else a run that nobody kills only counts the points
	for _, x := range killings {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t}
			if !x.local {
				w.storage = nodetest.StartKubo(t)
			}
			if x.once != nil {
				x.once(w)
			}
			round := 0
			at := func(k killtest.Kill) ([]string, bool) {
				x.before(w, round)
				round++
				points, killed := w.killed(k, x.verb(w)...)
				defer func() {
					if t.Failed() {
						t.Logf("after a kill, %v, at %+v of %q", killed, k, points)
					}
				}()
				x.after(w)
				if k.At > 0 || soak {
					w.isSaved()
				}
				return points, killed
			}
			start := time.Now()
			points, _ := at(killtest.Kill{})
			t.Logf("%d points: %s", len(points), counted(points))
			if !soak {
				at(killtest.Kill{At: one(points), After: rand.IntN(2) == 0})
				return
			}
			for n := first(t); ; n++ {
				_, killed := at(killtest.Kill{At: n, After: n%2 == 0})
				if !killed || n%20 == 0 || t.Failed() {
					t.Logf("killed up to point %d after %v", n, time.Since(start))
				}
				if !killed || t.Failed() {
					return
				}
			}
		})
	}
}

// counted says how often each point was come to.
func counted(points []string) string {
	times := map[string]int{}
	for _, p := range points {
		times[p]++
	}
	var out []string
	for p, n := range times {
		out = append(out, fmt.Sprintf("%s ×%d", p, n))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// one chooses a point, counted from 1, each kind as often as another.
func one(points []string) int {
	kinds := slices.Compact(slices.Sorted(slices.Values(points)))
	kind := kinds[rand.IntN(len(kinds))]
	for _, i := range rand.Perm(len(points)) {
		if points[i] == kind {
			return i + 1
		}
	}
	panic("a kind without a point")
}

// first is the point that a soak begins at: ROOST_POINT, or the first.
func first(t *testing.T) int {
	if os.Getenv("ROOST_POINT") == "" {
		return 1
	}
	n, err := strconv.Atoi(os.Getenv("ROOST_POINT"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
