package syncer

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWhatAKilledWriteLeftInTheHomeIsSweptByWhoeverTakesTheLock(t *testing.T) {
	h := &home{dir: t.TempDir()}
	for _, name := range []string{configFile, bundleFile, restoreFile, bringFile, removedFile, probeFile} {
		must(t, h.write(name, []byte("whole")))
		must(t, os.WriteFile(h.path(half+name+"-1"), []byte("ha"), 0o600))
	}
	must(t, os.Mkdir(h.path(halfSocket+"1"), 0o700))

	unlock, err := h.lock(t.Context(), time.Second)
	must(t, err)
	defer unlock()

	left, err := filepath.Glob(h.path(".*"))
	must(t, err)
	if len(left) > 0 {
		t.Errorf("left in the home: %q", left)
	}
	for _, name := range []string{configFile, bundleFile, restoreFile, bringFile, removedFile, probeFile} {
		if got, err := os.ReadFile(h.path(name)); err != nil || string(got) != "whole" {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
}
