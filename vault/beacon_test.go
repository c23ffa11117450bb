package vault_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// beaconOf is what a device that has made that many states would leave.
func beaconOf(device byte, seq uint64) *format.Beacon {
	id := format.DeviceID{device}
	return &format.Beacon{
		Device: id, Seconds: int64(seq), States: []format.BeaconState{{Device: id, Seq: seq, Root: format.Digest{device, byte(seq)}}},
		Places: []format.Place{{Name: "Pi", Addresses: []string{"https://pi.example:5443"}}},
	}
}

func leave(t *testing.T, d node.Directory, e format.Entropy, b *format.Beacon, last vault.BeaconPlace) vault.BeaconPlace {
	t.Helper()
	at, err := vault.LeaveBeacon(t.Context(), d, e, b, last)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func found(t *testing.T, d node.Directory, e format.Entropy) *vault.Beacons {
	t.Helper()
	b, err := vault.FindBeacons(t.Context(), d, e)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheWordsAloneFindWhatEveryDeviceLeft(t *testing.T) {
	d, e := new(nodetest.Records), entropy(t)
	if _, err := vault.FindBeacons(t.Context(), d, e); !errors.Is(err, vault.ErrNoBeacon) {
		t.Errorf("before anything was left: %v", err)
	}
	at := map[byte]vault.BeaconPlace{}
	for device := byte(1); device <= 3; device++ {
		at[device] = leave(t, d, e, beaconOf(device, uint64(device)), vault.BeaconPlace{})
		if want := (vault.BeaconPlace{Slot: uint32(device - 1), Sequence: 1}); at[device] != want {
			t.Errorf("device %d: %+v, want %+v", device, at[device], want)
		}
	}
	second := beaconOf(2, 9) // it knows of the first one, but less than that itself
	second.States = append(second.States, format.BeaconState{Device: format.DeviceID{1}, Seq: 1, Root: format.Digest{7}})
	at[2] = leave(t, d, e, second, at[2])
	at[1] = leave(t, d, e, beaconOf(1, 4), at[1])
	b := found(t, d, e)
	if len(b.All) != 3 || b.All[0].Device != (format.DeviceID{2}) || len(b.Refused) != 0 {
		t.Errorf("found %+v", b)
	}
	for _, s := range b.States() {
		if want := map[byte]uint64{1: 4, 2: 9, 3: 3}[s.Device[0]]; s.Seq != want || s.Root != (format.Digest{s.Device[0], byte(want)}) {
			t.Errorf("the state of device %d is %+v", s.Device[0], s)
		}
	}
	if p := b.Places(); len(p) != 1 || p[0].Name != "Pi" {
		t.Errorf("the places are %+v", p)
	}
	if _, err := vault.FindBeacons(t.Context(), d, entropy(t)); !errors.Is(err, vault.ErrNoBeacon) {
		t.Errorf("other words: %v", err)
	}
}

// TestANumberNeverFalls: neither a lost catalog nor a directory that forgets lets a device leave what counts less than before.
func TestANumberNeverFalls(t *testing.T) {
	d, e := new(nodetest.Records), entropy(t)
	var at vault.BeaconPlace
	for seq := range uint64(3) {
		at = leave(t, d, e, beaconOf(1, seq+1), at)
	}
	if at.Sequence != 3 {
		t.Fatalf("after three: %+v", at)
	}
	if at = leave(t, d, e, beaconOf(1, 4), vault.BeaconPlace{}); at != (vault.BeaconPlace{Slot: 0, Sequence: 4}) {
		t.Errorf("without its memory a device leaves %+v", at)
	}
	d.Forget(format.BeaconSlot(e, 0).Name())
	if at = leave(t, d, e, beaconOf(1, 5), at); at != (vault.BeaconPlace{Slot: 0, Sequence: 5}) {
		t.Errorf("after the directory forgot it: %+v", at)
	}
}

// TestTwoDevicesDoNotKeepOneSlot: both may take one that is empty at the same time; the next time they see it.
func TestTwoDevicesDoNotKeepOneSlot(t *testing.T) {
	d, e := new(nodetest.Records), entropy(t)
	const devices = 6
	at := make([]vault.BeaconPlace, devices)
	for range devices {
		var wg sync.WaitGroup
		for i := range at {
			wg.Go(func() {
				next, err := vault.LeaveBeacon(t.Context(), d, e, beaconOf(byte(i+1), 1), at[i])
				if err != nil {
					t.Error(err)
				}
				at[i] = next
			})
		}
		wg.Wait()
	}
	if b := found(t, d, e); len(b.All) != devices {
		t.Errorf("%d of %d devices are found", len(b.All), devices)
	}
}

func TestSlotsAreLookedThroughUntilEightAreEmpty(t *testing.T) {
	d, e := new(nodetest.Records), entropy(t)
	const devices = 2*format.BeaconGap + 2
	for i := range devices {
		leave(t, d, e, beaconOf(byte(i+1), 1), vault.BeaconPlace{})
	}
	if b := found(t, d, e); len(b.All) != devices {
		t.Errorf("%d of %d are found", len(b.All), devices)
	}
	for slot := range uint32(format.BeaconGap - 1) { // computers that are gone
		d.Forget(format.BeaconSlot(e, slot+1).Name())
	}
	if b := found(t, d, e); len(b.All) != devices-format.BeaconGap+1 {
		t.Errorf("behind seven empty slots, %d are found", len(b.All))
	}
	d.Forget(format.BeaconSlot(e, 0).Name())
	if _, err := vault.FindBeacons(t.Context(), d, e); !errors.Is(err, vault.ErrNoBeacon) {
		t.Errorf("behind eight empty slots: %v", err)
	}
	// Who is behind them comes forward with its next beacon, and whoever comes new fills the gap.
	const behind = format.BeaconGap
	if at := leave(t, d, e, beaconOf(behind+1, 2), vault.BeaconPlace{Slot: behind, Sequence: 1}); at.Slot != 0 {
		t.Errorf("the first one behind them takes slot %d", at.Slot)
	}
	if at := leave(t, d, e, beaconOf(99, 1), vault.BeaconPlace{}); at.Slot != 1 {
		t.Errorf("a new device takes slot %d", at.Slot)
	}
	if b := found(t, d, e); len(b.States()) != devices-format.BeaconGap+1 {
		t.Errorf("then %d are found", len(b.States()))
	}
}

// broken is a directory that fails for some names, forgets what it is given, or both.
type broken struct {
	*nodetest.Records
	down    map[string]bool
	forgets bool
}

func (b broken) GetRecord(ctx context.Context, name string) ([]byte, error) {
	if b.down[name] || b.down[""] {
		return nil, node.ErrTimeout
	}
	return b.Records.GetRecord(ctx, name)
}

func (b broken) PutRecord(ctx context.Context, name string, record []byte) error {
	if b.forgets {
		return nil
	}
	return b.Records.PutRecord(ctx, name, record)
}

func TestAFailedCallIsNoEmptySlot(t *testing.T) {
	e := entropy(t)
	d := broken{Records: new(nodetest.Records), down: map[string]bool{}}
	leave(t, d, e, beaconOf(1, 1), vault.BeaconPlace{})
	leave(t, d, e, beaconOf(2, 1), vault.BeaconPlace{})
	d.down[format.BeaconSlot(e, 0).Name()] = true
	if b := found(t, d, e); len(b.All) != 1 || b.All[0].Device != (format.DeviceID{2}) {
		t.Errorf("one slot that nobody answers about hides the others: %+v", b)
	}
	if _, err := vault.LeaveBeacon(t.Context(), d, e, beaconOf(3, 1), vault.BeaconPlace{}); !errors.Is(err, node.ErrTimeout) {
		t.Errorf("a slot was taken that may be another's: %v", err)
	}
	d.down[""] = true
	if _, err := vault.FindBeacons(t.Context(), d, e); !errors.Is(err, node.ErrTimeout) || errors.Is(err, vault.ErrNoBeacon) {
		t.Errorf("a directory that does not answer: %v", err)
	}
}

func TestWhatIsForgottenAtOnceDoesNotCountAsLeft(t *testing.T) {
	e := entropy(t)
	d := broken{Records: new(nodetest.Records), forgets: true}
	if at, err := vault.LeaveBeacon(t.Context(), d, e, beaconOf(1, 1), vault.BeaconPlace{}); !errors.Is(err, vault.ErrBeaconLost) || at != (vault.BeaconPlace{}) {
		t.Errorf("left at %+v: %v", at, err)
	}
}

// TestALyingDirectoryIsNotBelieved: what it hands out in place of a beacon hides no other, and is never taken for one.
func TestALyingDirectoryIsNotBelieved(t *testing.T) {
	d, e := new(nodetest.Records), entropy(t)
	at := leave(t, d, e, beaconOf(1, 1), vault.BeaconPlace{})
	early, err := d.GetRecord(t.Context(), format.BeaconSlot(e, 0).Name())
	if err != nil {
		t.Fatal(err)
	}
	ended, err := format.BeaconSlot(e, 0).Seal(beaconOf(1, 3), 8, time.Now().Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	for what, lie := range map[string][]byte{"nothing": {}, "noise": []byte("noise"), "one that has ended": ended} {
		d.Replace(format.BeaconSlot(e, 0).Name(), lie)
		if _, err := vault.FindBeacons(t.Context(), d, e); !errors.Is(err, format.ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	second := format.BeaconSlot(e, 1)
	record, err := second.Seal(beaconOf(2, 1), 1, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.PutRecord(t.Context(), second.Name(), record); err != nil {
		t.Fatal(err)
	}
	b := found(t, d, e)
	if len(b.All) != 1 || b.All[0].Device != (format.DeviceID{2}) || len(b.Refused) != 1 || !errors.Is(b.Refused[0], format.ErrDamaged) {
		t.Errorf("beside a lie: %+v", b)
	}
	// An earlier record of the same device is signed, and nobody can tell: what it names is checked against the storage.
	d.Forget(format.BeaconSlot(e, 0).Name())
	leave(t, d, e, beaconOf(1, 7), at)
	d.Replace(format.BeaconSlot(e, 0).Name(), early)
	if s := found(t, d, e).States(); !slices.ContainsFunc(s, func(s format.BeaconState) bool { return s.Seq == 1 }) {
		t.Errorf("the states are %+v", s)
	}
}

// noisy is a directory that hands out what is no record in place of what it has, until something is put.
type noisy struct {
	*nodetest.Records
	put bool
}

func (d *noisy) PutRecord(ctx context.Context, name string, record []byte) error {
	d.put = true
	return d.Records.PutRecord(ctx, name, record)
}

func (d *noisy) GetRecord(ctx context.Context, name string) ([]byte, error) {
	if !d.put {
		return []byte("noise"), nil
	}
	return d.Records.GetRecord(ctx, name)
}

// TestALieKeepsNoBeaconAway: a slot that something else is handed out for is as good as one that nobody uses.
func TestALieKeepsNoBeaconAway(t *testing.T) {
	d, e := &noisy{Records: new(nodetest.Records)}, entropy(t)
	if at := leave(t, d, e, beaconOf(1, 1), vault.BeaconPlace{}); at != (vault.BeaconPlace{Sequence: 1}) {
		t.Errorf("one was left at %+v", at)
	}
}

// TestABeaconTellsThatAStorageWasSetBack: with the words alone and one storage that could not be seen before.
func TestABeaconTellsThatAStorageWasSetBack(t *testing.T) {
	d, e := new(nodetest.Records), entropy(t)
	m := &nodetest.Memory{}
	w := newWriter(t, m, e, "laptop")
	w.commit(t, map[string][]byte{"a": []byte("one")}, 1_700_000_000)
	st, err := w.v.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := w.v.Beacon(time.Now())
	if b == nil || b.Device != w.v.Device() || b.States[0].Seq != 1 || b.States[0].Root != st.Heads[0].Root {
		t.Fatalf("it would leave %+v", b)
	}
	at := leave(t, d, e, b, vault.BeaconPlace{})
	if bad := found(t, d, e).Behind(st); len(bad) > 0 {
		t.Errorf("the storage serves what was left, and is said to lack %v", bad)
	}
	b.States[0].Seq = 2
	b.States = append(b.States, format.BeaconState{Device: format.DeviceID{9}, Seq: 1})
	leave(t, d, e, b, at)
	if bad := found(t, d, e).Behind(st); len(bad) != 2 || !errors.Is(bad[0], vault.ErrRolledBack) || !errors.Is(bad[1], vault.ErrRolledBack) {
		t.Errorf("it lacks %v", bad)
	}
}
