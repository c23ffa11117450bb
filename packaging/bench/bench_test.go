//go:build linux

package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roost/vault/node/nodetest"
)

// TestRoostGoesThroughEveryStep: a real Roost, a real Kubo, the two data sets that have all steps, with little in them. What it restores is
// compared by the driver.
func TestRoostGoesThroughEveryStep(t *testing.T) {
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-tags", "headless", "-ldflags", "-s -w", "-o", bin+"/roost", "../../app")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ipfs, err := filepath.Abs(nodetest.Binary(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(ipfs, bin+"/ipfs"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	dir := t.TempDir()
	var out, log bytes.Buffer
	err = run(t.Context(), []string{"-tools", "roost", "-sets", "mixed,small", "-adapters", ".", "-rounds", "1", "-scale", "0.001", "-dir", dir}, &out, &log)
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	for _, w := range workloads[:2] {
		for _, x := range w.steps {
			if !strings.Contains(out.String(), "| "+x.title+", s | ") {
				t.Errorf("%s: no row for %q", w.name, x.title)
			}
		}
	}
	if strings.Contains(out.String(), " – ") {
		t.Error("a row has no figure")
	}
	if t.Failed() {
		t.Logf("%s\n%s", &out, &log)
	}
	if _, err := os.Stat(filepath.Join(dir, "roost-bench", "work")); !os.IsNotExist(err) {
		t.Errorf("its work is left behind: %v", err)
	}
}

// TestAToolThatFailsIsNoResult: one that restores other bytes than it saved, and one that does not start.
func TestAToolThatFailsIsNoResult(t *testing.T) {
	good := `init() { mkdir "$STATE/all"; }; backup() { rm -rf "$STATE/all"; cp -a "$1" "$STATE/all"; }
		restore() { cp -a "$STATE/all/." "$1"; }; size() { du -s -B1 "$STATE/all" | cut -f1; }; serve_start() { :; }; version() { echo copy; }`
	for name, c := range map[string]struct{ adapter, want string }{
		"a copy":      {good, ""},
		"a byte more": {good + `; restore() { cp -a "$STATE/all/." "$1"; echo >>"$1/big.bin"; }`, "restored something else: big.bin"},
		"a file less": {good + `; restore() { :; }`, `"nothing"`},
		"an error":    {good + `; backup() { false; }`, "backup: exit status 1"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(dir+"/restic-rest.sh", []byte(c.adapter), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, p := range []string{"restic", "rest-server"} { // what the driver looks for; the adapter does without
				if err := os.WriteFile(filepath.Join(dir, p), []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
			var out, log bytes.Buffer
			err := run(t.Context(), []string{
				"-tools", "restic-rest", "-adapters", dir, "-sets", "big", "-rounds", "1", "-scale", "0.0001", "-dir", dir,
			}, &out, &log)
			if (err != nil) != (c.want != "") || !strings.Contains(log.String(), c.want) {
				t.Errorf("error %v\n%s", err, &log)
			}
			if c.want == "" && strings.Contains(out.String(), "–") {
				t.Errorf("a figure is missing:\n%s", &out)
			}
		})
	}
}

// TestTheSameScaleGivesTheSameData: before and after the day's edits, and those change what they say.
func TestTheSameScaleGivesTheSameData(t *testing.T) {
	a, b := &set{root: t.TempDir() + "/a", scale: 0.002}, &set{root: t.TempDir() + "/b", scale: 0.002}
	for _, s := range []*set{a, b} {
		s.mixed()
		s.small()
	}
	same := func() {
		t.Helper()
		if a.err != nil || b.err != nil {
			t.Fatal(a.err, b.err)
		}
		if diff, err := differences(a.root, b.root); err != nil || len(diff) > 0 {
			t.Fatalf("they differ: %v, error %v", diff, err)
		}
	}
	same()
	a.edits()
	if diff, err := differences(a.root, b.root); err != nil || len(diff) < 5 {
		t.Errorf("a day's edits changed only %v, error %v", diff, err)
	}
	b.edits()
	same()
	a.one(1)
	if diff, err := differences(a.root, b.root); err != nil || len(diff) != 1 {
		t.Errorf("one change is %v, error %v", diff, err)
	}
	dates := func(s *set) (latest time.Time) {
		err := filepath.WalkDir(s.path("000"), func(_ string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && d.Name() != filepath.Base(smallName(1*7919%s.count(100_000))) {
				st, e := d.Info()
				if err = e; err == nil && st.ModTime().After(latest) {
					latest = st.ModTime()
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return latest
	}
	if d := dates(b); d.After(firstDay) || !d.Equal(dates(a)) {
		t.Errorf("the newest of the files that were not changed is of %v", d)
	}
}

func TestTheTableSaysWhatWasMissed(t *testing.T) {
	for name, c := range map[string]struct {
		row              row
		ratio, bar, want string
	}{
		"met":            {row{figures: []float64{1, 4, 2}, bar: 0.5}, "0.50", "≤ 0.5", "yes"},
		"missed":         {row{figures: []float64{1.1, 4, 2}, bar: 0.5}, "0.55", "≤ 0.5", "no"},
		"no bar":         {row{figures: []float64{3, 4, 2}}, "1.50", "", ""},
		"alone":          {row{figures: []float64{3}, bar: 0.5}, "", "", ""},
		"others failed":  {row{figures: []float64{3, -1, -1}, bar: 0.5}, "", "", ""},
		"Roost failed":   {row{figures: []float64{-1, 2, 3}, bar: 0.5}, "–", "≤ 0.5", "no"},
		"by itself":      {row{figures: []float64{201, 100}, most: 200, unit: "MB"}, "2.01", "≤ 200 MB", "no"},
		"alone, and met": {row{figures: []float64{2}, most: 3, unit: "s"}, "", "≤ 3 s", "yes"},
	} {
		t.Run(name, func(t *testing.T) {
			if ratio, bar, met := c.row.verdict(c.row.figures[1:]); ratio != c.ratio || bar != c.bar || met != c.want {
				t.Errorf("%q, %q, %q", ratio, bar, met)
			}
		})
	}
}
