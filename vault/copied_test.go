package vault_test

import (
	"context"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// copied is a storage that another program copied the pins to: it has neither pointers nor names.
type copied struct{ *nodetest.Memory }

func (c copied) Pins(ctx context.Context) ([]node.Pin, error) {
	pins, err := c.Memory.Pins(ctx)
	for i := range pins {
		pins[i].Name = ""
	}
	return pins, err
}

// forgetPointers removes what leads to the states of a vault.
func (c copied) forgetPointers(t *testing.T, k *format.Keys) {
	t.Helper()
	if err := c.Unlink(t.Context(), k.PointerDir()); err != nil {
		t.Fatal(err)
	}
}

// Words alone find every device's newest state among what a storage keeps, whatever else is kept there; and they still do when
// one of the devices goes on there, which makes a pointer.
func TestStatesAreFoundOnAStorageThatOnlyHasTheirPins(t *testing.T) {
	n := copied{&nodetest.Memory{}}
	secret := entropy(t)
	for _, name := range []string{"one", "two"} {
		w := newWriter(t, n, secret, name)
		w.commit(t, map[string][]byte{"a": []byte(name)}, 1)
		w.commit(t, map[string][]byte{"a": []byte(name + " later")}, 2)
	}
	stranger := newWriter(t, n, entropy(t), "stranger")
	stranger.commit(t, map[string][]byte{"a": []byte("not ours")}, 1)
	other := nodetest.Dir(node.Entry{Name: "a", CID: nodetest.Raw([]byte("a")).CID})
	if err := n.Import(t.Context(), other.CID, []node.Block{nodetest.Raw([]byte("a")), other}); err != nil {
		t.Fatal(err)
	}

	b, err := vault.NewBundle(secret, "new", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	n.forgetPointers(t, b.Keys())
	find := func(when string, want ...string) *vault.State {
		t.Helper()
		st, err := vault.Find(t.Context(), n, b)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, h := range st.Heads {
			names = append(names, h.Name())
		}
		if len(names) != len(want) || len(st.Damaged) > 0 {
			t.Errorf("%s the states are of %q, damaged %v; want %q", when, names, st.Damaged, want)
		}
		return st
	}
	find("by their pins,", "one", "two")

	w := newWriter(t, n, secret, "three")
	w.commit(t, map[string][]byte{"a": []byte("a new device")}, 3)
	st := find("when another device saved,", "one", "two", "three")
	for _, h := range st.Heads {
		if h.Pin {
			t.Errorf("there is no pointer to the state of %q", h.Name())
		}
	}
}
