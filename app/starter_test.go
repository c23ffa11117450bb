package main

import (
	"os"
	"path/filepath"
	"testing"

	"roost/syncer/guide"
)

// Opening the window on a computer that is not set up changes nothing there yet.
func TestTheFirstStepsBeginWithoutATrace(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	c := &call{streams: streams{env: func(name string) string { return map[string]string{"ROOST_HOME": home}[name] }}}
	a, err := c.starter()
	if err != nil {
		t.Fatal(err)
	}
	if stage, err := a.Stage(t.Context()); err != nil || stage != guide.Nothing {
		t.Errorf("stage %v, error %v", stage, err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Errorf("the home was made: %v", err)
	}
}

func TestSheetsForPrintingLieWhereTheSessionEnds(t *testing.T) {
	session := t.TempDir()
	for given, want := range map[string]string{session: filepath.Join(session, "roost"), "": "/home/x", "relative": "/home/x", session + "/gone": "/home/x"} {
		if got := runtimeDir(func(string) string { return given }, "/home/x"); got != want {
			t.Errorf("%q gives %s, want %s", given, got, want)
		}
	}
}
