package vault_test

import (
	"errors"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

func applicant(t *testing.T, name string) *vault.Applicant {
	t.Helper()
	a, err := vault.NewApplicant(name, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// letIn has one device let another in, and returns the new one.
func letIn(t *testing.T, by *writer, n node.Node, name string) *writer {
	t.Helper()
	a := applicant(t, name)
	in, err := by.v.LetIn(t.Context(), a.Asking(), nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	j, err := a.Join(in.Answer, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if j.Words != in.Words || j.Words == format.PairingWords(a.Asking(), nil) {
		t.Errorf("the screens show %q and %q", j.Words, in.Words)
	}
	w := &writer{bundle: j.Bundle, path: "/home/" + name}
	w.open(t, filepath.Join(t.TempDir(), "catalog.db"), n)
	copy(w.folder[:], name)
	return w
}

// TestADeviceThatWasLetInSavesAndReadsLikeTheOthersAndKnowsNoWords: it is listed before it has saved anything, what it saves comes
// back from the words, and it goes on when a lost device makes a new epoch begin.
func TestADeviceThatWasLetInSavesAndReadsLikeTheOthersAndKnowsNoWords(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	a, b, want := twoDevices(t, m, e, 3)
	w := letIn(t, a, m, "tablet")
	if _, err := w.bundle.Entropy(); !errors.Is(err, vault.ErrNoWords) {
		t.Errorf("it has the words: %v", err)
	}
	st, err := b.v.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := st.Devices()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if (d.ID == w.v.Device()) != (d.IntroducedBy == a.v.Device()) {
			t.Errorf("%s was let in by %x", d.Name, d.IntroducedBy)
		}
	}
	if len(all) != 3 {
		t.Fatalf("%d devices are listed", len(all))
	}
	files := map[string][]byte{"x": noise(5, 300_000)}
	w.commit(t, files, 1_900_000_000)
	want["tablet 1900000000"] = maps.Clone(files)
	wholeVault(t, w)
	sameVersions(t, versionsOf(t, m, e), want)
	retire(t, a, vault.RetireOptions{Device: b.v.Device(), Entropy: e, Lost: true})
	files["y"] = noise(6, 100_000)
	w.commit(t, files, 1_900_000_001)
	want["tablet 1900000001"] = files
	sameVersions(t, versionsOf(t, m, e), want)
	if n := w.bundle.Keys().Current().Number; n != 2 {
		t.Errorf("it saves under epoch %d", n)
	}
}

// TestADeviceThatWasLetInCanBeShutOutBeforeItSaved: else whoever tricked a person into letting them in would stay unseen.
func TestADeviceThatWasLetInCanBeShutOutBeforeItSaved(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	a, _, _ := twoDevices(t, m, e, 1)
	w := letIn(t, a, m, "tablet")
	retire(t, a, vault.RetireOptions{Device: w.v.Device(), Entropy: e, Lost: true})
	if err := w.try(t.Context(), map[string][]byte{"x": noise(5, 1000)}, 1_900_000_000); !errors.Is(err, vault.ErrRetired) {
		t.Errorf("it saves: %v", err)
	}
}

func TestWhoIsNotLetInIsToldWhy(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	a, _, _ := twoDevices(t, m, e, 1)
	late := applicant(t, "late")
	in := func(by *writer, asking []byte, now time.Time) error {
		_, err := by.v.LetIn(t.Context(), asking, nil, now)
		return err
	}
	now := time.Now()
	for _, at := range []time.Time{now.Add(13 * time.Minute), now.Add(-3 * time.Minute)} {
		if err := in(a, late.Asking(), at); !errors.Is(err, vault.ErrAskingOver) {
			t.Errorf("asked at %v, answered at %v: %v", now, at, err)
		}
	}
	if err := in(a, late.Asking()[1:], now); !errors.Is(err, format.ErrDamaged) {
		t.Errorf("a letter that is none: %v", err)
	}
	w := letIn(t, a, m, "tablet")
	if err := in(w, late.Asking(), now); !errors.Is(err, vault.ErrIntroduced) {
		t.Errorf("one that was let in lets others in: %v", err)
	}
	if err := in(a, late.Asking(), now); err != nil {
		t.Fatal(err)
	}
	if err := in(a, late.Asking(), now); !errors.Is(err, vault.ErrLetIn) {
		t.Errorf("a code is used twice: %v", err)
	}
	other := applicant(t, "other")
	got, err := a.v.LetIn(t.Context(), other.Asking(), nil, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := late.Join(got.Answer, now); !errors.Is(err, vault.ErrOtherAnswer) {
		t.Errorf("the answer to another: %v", err)
	}
	if _, err := other.Join(got.Answer, now.Add(11*time.Minute)); !errors.Is(err, vault.ErrAskingOver) {
		t.Errorf("an answer that came too late: %v", err)
	}
}

// TestADeviceThatWasLetInIsNotFooledByAnOlderStorage: the state before it was let in has a keyring older than the one that it was
// told of; it writes nothing on top of that.
func TestADeviceThatWasLetInIsNotFooledByAnOlderStorage(t *testing.T) {
	m, e := &nodetest.Memory{}, entropy(t)
	a, b, _ := twoDevices(t, m, e, 1)
	old := m.Clone()
	retire(t, a, vault.RetireOptions{Device: b.v.Device(), Entropy: e, Lost: true})
	w := letIn(t, a, m, "tablet")
	w.reopen(old)
	if err := w.try(t.Context(), map[string][]byte{"x": noise(5, 1000)}, 1_900_000_000); !errors.Is(err, vault.ErrRolledBack) {
		t.Errorf("it saves: %v", err)
	}
}
