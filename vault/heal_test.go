package vault_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// aged is a device with versions of which the source holds only the last, on two storages.
func aged(t *testing.T, e format.Entropy) (m *nodetest.Memory, far secondStorage, w *writer, want map[string]map[string][]byte) {
	t.Helper()
	m, far = &nodetest.Memory{PinTimeout: 50 * time.Millisecond}, secondStorage{&nodetest.Memory{PinTimeout: 50 * time.Millisecond}}
	w = newWriter(t, m, e, "laptop")
	want = map[string]map[string][]byte{}
	for i := range 5 {
		files := map[string][]byte{"x": noise(byte(i), 900_000), "y": noise(byte(40+i), 3000)}
		w.commit(t, files, int64(1000+i))
		want[fmt.Sprintf("laptop %d", 1000+i)] = files
	}
	if err := w.v.Mirror(t.Context(), far, nil); err != nil {
		t.Fatal(err)
	}
	return m, far, w, want
}

func packsOf(t *testing.T, w *writer) (out []format.PackInfo) {
	t.Helper()
	for p, err := range w.catalog.Packs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, format.PackInfo{Digest: p.Digest, Type: format.ObjectType(p.Type), Size: p.Size})
	}
	return out
}

// TestWhatAStorageLostComesBackFromAnother: every pack in turn is lost or damaged, also of versions that no source has any
// more, and afterwards everything is whole.
func TestWhatAStorageLostComesBackFromAnother(t *testing.T) {
	for _, how := range []string{"lost", "damaged", "noted as lost"} {
		t.Run(how, func(t *testing.T) {
			e := entropy(t)
			_, _, w, _ := aged(t, e)
			for i := range packsOf(t, w) {
				m, far, w, want := aged(t, e)
				p := packsOf(t, w)[i]
				if how == "damaged" {
					m.Damage(p.Digest.RawCID())
				} else {
					m.Lose(p.Digest.RawCID())
				}
				if how == "noted as lost" {
					if err := w.v.NoteLost(t.Context(), []format.Digest{p.Digest}); err != nil {
						t.Fatal(err)
					}
				}
				w.reopen(m)
				r, err := w.v.Verify(t.Context(), 100, nil)
				if err != nil || len(r.Lost) != 1 || r.Lost[0].Missing != (how != "damaged") {
					t.Fatalf("verify found %+v, %v", r, err)
				}
				left, err := w.v.PutBack(t.Context(), r.Lost, []node.Node{far})
				if err == nil {
					left, err = w.v.Replace(t.Context(), left, []node.Node{far})
				}
				if err != nil || len(left) > 0 {
					t.Fatalf("pack %d: %v is left, %v", i, left, err)
				}
				wholeVault(t, w)
				w.commit(t, note("later"), 2000)
				want["laptop 2000"] = note("later")
				collect(t, m)
				sameVersions(t, versionsOf(t, m, e), want)
				if n := pinsOf(t, m); n != 1 {
					t.Errorf("%d pins are left, want the one root", n)
				}
				if t.Failed() {
					t.Fatalf("pack %d of type %d", i, p.Type)
				}
			}
		})
	}
}

// TestADamagedCopyIsFoundAndMended: what is missing there is sent again below the pinned root, and what is damaged is
// replaced by way of a new state.
func TestADamagedCopyIsFoundAndMended(t *testing.T) {
	for _, how := range []string{"lost", "damaged"} {
		t.Run(how, func(t *testing.T) {
			e := entropy(t)
			m, far, w, want := aged(t, e)
			p := packsOf(t, w)[0]
			if how == "lost" {
				far.Lose(p.Digest.RawCID())
			} else {
				far.Damage(p.Digest.RawCID())
			}
			r, err := verifyCopy(t, w, far)
			if err != nil || (r.Sent == 1) != (how == "lost") || (len(r.Damaged) == 1) != (how == "damaged") {
				t.Fatalf("found %+v, %v", r, err)
			}
			if len(r.Damaged) > 0 {
				left, err := w.v.Replace(t.Context(), r.Damaged, []node.Node{m})
				if err != nil || len(left) > 0 {
					t.Fatalf("%v is left, %v", left, err)
				}
				if err := w.v.Mirror(t.Context(), far, nil); err != nil {
					t.Fatal(err)
				}
			}
			again, err := verifyCopy(t, w, far)
			if err != nil || again.Sent != 0 || len(again.Damaged) != 0 || again.CheckedBytes == 0 {
				t.Errorf("afterwards: %+v, %v", again, err)
			}
			collect(t, far)
			sameVersions(t, versionsOf(t, far, e), want)
		})
	}
}

func verifyCopy(t *testing.T, w *writer, far node.Node) (*vault.CopyReport, error) {
	t.Helper()
	r, err := w.v.VerifyCopy(t.Context(), far, nil)
	if err == nil {
		err = w.v.ReadCopy(t.Context(), far, vault.Percent(100), r)
	}
	return r, err
}

func TestWithoutAWholeCopyDamageStays(t *testing.T) {
	e := entropy(t)
	m, far, w, _ := aged(t, e)
	p := packsOf(t, w)[0]
	m.Damage(p.Digest.RawCID())
	far.Damage(p.Digest.RawCID())
	w.reopen(m)
	lost := []vault.LostPack{{PackInfo: p}}
	left, err := w.v.Replace(t.Context(), lost, []node.Node{far, nodetest.NewFaulty(far, 1, nodetest.Fault{Method: "Get"})})
	if err != nil || len(left) != 1 {
		t.Errorf("%v is left, %v", left, err)
	}
	if _, err := w.v.Refresh(t.Context()); err != nil && !errors.Is(err, vault.ErrMissing) {
		t.Error(err)
	}
}

// TestSharesCoverEverything: one after the other, as a schedule takes them.
func TestSharesCoverEverything(t *testing.T) {
	e := entropy(t)
	_, _, w, _ := aged(t, e)
	whole, err := w.v.Verify(t.Context(), 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	none, err := w.v.Verify(t.Context(), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	sum, s := int64(0), vault.Share{From: 700, To: 800}
	for range 10 {
		r, err := w.v.VerifyShare(t.Context(), s, nil)
		if err != nil {
			t.Fatal(err)
		}
		sum += r.CheckedBytes - none.CheckedBytes
		s = s.Next()
	}
	if want := whole.CheckedBytes - none.CheckedBytes; sum != want {
		t.Errorf("ten tenths are %d bytes of %d", sum, want)
	}
}
