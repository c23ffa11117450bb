package syncer

import (
	"testing"
	"time"

	"roost/syncer/disk"
)

func TestASyncThatFailsWhileARestoreGoesOnIsToldAtItsEnd(t *testing.T) {
	gone, err := disk.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	gone.Close() // a folder that can no longer be synced
	r := &restore{devices: map[uint64]*disk.Dir{1: gone}}

	stop := r.syncAsItGoes()
	time.Sleep(2 * syncLook)
	if err := stop(); err != nil {
		t.Errorf("a restore that wrote nothing syncs: %v", err)
	}

	stop = r.syncAsItGoes()
	r.bytes.Add(syncEvery)
	time.Sleep(4 * syncLook)
	if stop() == nil {
		t.Error("the sync of a folder that is closed did not fail")
	}
}
