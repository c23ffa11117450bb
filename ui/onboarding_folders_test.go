package ui

import (
	"testing"

	"roost/syncer"
)

// An estimate is coarse, and never less than the work that is known.
func TestTheFirstBackupIsEstimatedCoarsely(t *testing.T) {
	speak(t, "en")
	for _, c := range []struct {
		m     syncer.Measured
		local bool
		want  string
	}{
		{syncer.Measured{Files: 2, Bytes: 4_000}, false, "the first time takes about a minute"},
		{syncer.Measured{Files: 2_000, Bytes: 10_000_000_000}, true, "the first time takes about 3 minutes"},
		{syncer.Measured{Files: 2_000, Bytes: 10_000_000_000}, false, "the first time takes about 21 minutes"},
		{syncer.Measured{Files: 100_000, Bytes: 200_000_000_000}, false, "the first time takes about 7 hours"},
		{syncer.Measured{Files: 600_000, Bytes: 0}, true, "the first time takes about 10 minutes"}, // many small ones
	} {
		if got := firstTime(c.m, c.local); got != c.want {
			t.Errorf("%+v, local %v: %q, want %q", c.m, c.local, got, c.want)
		}
	}
}

func TestTwoFoldersOfOneNameComeBackApart(t *testing.T) {
	taken := map[string]bool{}
	got := []string{free("/x/Photos", taken), free("/x/photos", taken), free("/x/Photos", taken), free("/x/Music", taken)}
	want := []string{"/x/Photos", "/x/2/photos", "/x/3/Photos", "/x/Music"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%q, want %q", got, want)
			break
		}
	}
}
