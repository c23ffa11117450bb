package nodetest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/node"
)

func TestMemoryPassesTheSuite(t *testing.T) {
	Suite(t, func(*testing.T) node.Node { return new(Memory) })
}

func TestFaultyWithoutFaultsPassesTheSuite(t *testing.T) {
	Suite(t, func(*testing.T) node.Node { return NewFaulty(new(Memory), 1) })
}

// The token may do what a storage needs, and no more.
func TestKuboPassesTheSuite(t *testing.T) {
	d := StartKubo(t, func(c Config) {
		const api = "/api/v0/"
		c.Allow(api+"id", api+"dag/import", api+"block/get", api+"block/stat", api+"pin/add", api+"pin/update", api+"pin/rm",
			api+"pin/ls", api+"files/", api+"repo/stat", api+"repo/gc")
	})
	k := d.Node(t)
	Suite(t, func(*testing.T) node.Node { return k })
}

// It gives blocks through its gateway, too.
func TestManagedPassesTheSuite(t *testing.T) {
	m, err := node.StartManaged(t.Context(), node.ManagedOptions{Dir: t.TempDir(), Binary: Binary(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	Suite(t, func(*testing.T) node.Node { return m.Node() })
}

// Both sides of what a node does when blocks were lost from its disk: the memory node must behave as Kubo.
func TestLostBlocksLookTheSameInMemoryAndKubo(t *testing.T) {
	type lossy struct {
		node.Node
		lose func(cid.Cid)
	}
	d := StartKubo(t)
	m := new(Memory)
	for name, n := range map[string]lossy{
		"Memory": {m, func(c cid.Cid) { m.Lose(c) }},
		"Kubo": {d.Node(t), func(c cid.Cid) {
			// block/rm refuses what is pinned: take the file away beneath the daemon.
			d.LoseBlock(t, c)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			leaves, sub := tree(3, 100)
			root := Dir(node.Entry{Name: "sub", CID: sub.CID})
			ok(t, n.Import(t.Context(), root.CID, append(all(leaves, sub), root)))
			n.lose(leaves[1].CID)
			ok(t, n.GC(t.Context())) // does not notice a missing raw leaf

			more := raw(100)
			grown := Dir(node.Entry{Name: "more", CID: more.CID}, node.Entry{Name: "sub", CID: sub.CID})
			ok(t, n.Put(t.Context(), []node.Block{more, grown}))
			ok(t, n.PinUpdate(t.Context(), root.CID, grown.CID)) // takes a missing child that old and new share

			moved := Dir(node.Entry{Name: "0", CID: leaves[0].CID})
			n.lose(leaves[0].CID)
			ok(t, n.Put(t.Context(), []node.Block{moved}))
			wants(t, n.PinUpdate(short(t), root.CID, moved.CID), node.ErrTimeout)

			n.lose(sub.CID)
			if err := n.GC(t.Context()); err == nil {
				t.Error("GC did not fail on a pin without its directory")
			}
			if _, err := n.Stat(t.Context(), more.CID); err != nil {
				t.Errorf("a failed GC removed blocks: %v", err)
			}
			other := Dir(node.Entry{Name: "more", CID: more.CID})
			ok(t, n.Put(t.Context(), []node.Block{other}))
			wants(t, n.PinUpdate(short(t), root.CID, other.CID), node.ErrTimeout) // reads the child that it replaces
			ok(t, n.Put(t.Context(), all(leaves, sub)))
			ok(t, n.GC(t.Context()))
		})
	}
}

func TestHungPinContinuesWhenTheBlockArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &Memory{PinTimeout: time.Hour}
		leaves, root := tree(2, 10)
		ok(t, m.Put(t.Context(), all(leaves[1:], root)))
		done := make(chan error)
		go func() { done <- m.PinAdd(t.Context(), root.CID, "x") }()
		time.Sleep(30 * time.Minute)
		ok(t, m.Put(t.Context(), leaves))
		ok(t, <-done)
		pinned(t, m, root.CID, true)

		m.PinTimeout = 0
		leaves, root = tree(2, 10)
		ok(t, m.Put(t.Context(), all(leaves[1:], root)))
		start := time.Now()
		wants(t, m.PinAdd(t.Context(), root.CID, ""), node.ErrTimeout)
		if took := time.Since(start); took != time.Minute {
			t.Errorf("gave up after %v", took)
		}
	})
}

func TestMemoryClonesAndDamages(t *testing.T) {
	m := new(Memory)
	b := raw(100)
	ok(t, m.Put(t.Context(), []node.Block{b}))
	old := m.Clone()
	m.Damage(b.CID)
	_, err := m.Get(t.Context(), b.CID)
	wants(t, err, node.ErrWrongBytes)
	_, err = m.Stat(t.Context(), b.CID)
	ok(t, err)
	ok(t, m.Put(t.Context(), []node.Block{b})) // importing does not repair
	_, err = m.Get(t.Context(), b.CID)
	wants(t, err, node.ErrWrongBytes)
	_, err = old.Get(t.Context(), b.CID)
	ok(t, err)
}

func TestFaultsFollowTheirScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mine := errors.New("mine")
		leaves, root := tree(500, 10)
		f := NewFaulty(new(Memory), 7,
			Fault{Method: "Put", Call: 2, Kind: Fail},
			Fault{Method: "Put", Call: 3, Kind: FailAfter, Err: mine},
			Fault{Method: "Pinned", Call: 1, Kind: Lie},
			Fault{Method: "PinAdd", Call: 1, Kind: Lie},
			Fault{Method: "Get", Call: 2, Kind: WrongBytes},
			Fault{Method: "GC", Kind: Hang},
			Fault{Method: "Info", Kind: Stall, Delay: time.Hour},
			Fault{Method: "Import", Call: 1, Kind: Lie},
			Fault{Method: "Import", Call: 2, Kind: Drop})
		ctx := t.Context()

		ok(t, f.Put(ctx, leaves[:1]))
		wants(t, f.Put(ctx, leaves[1:2]), node.ErrUnreachable)
		_, err := f.Stat(ctx, leaves[1].CID)
		wants(t, err, node.ErrNotFound)
		wants(t, f.Put(ctx, leaves[1:2]), mine)
		_, err = f.Stat(ctx, leaves[1].CID)
		ok(t, err)

		data, err := f.Get(ctx, leaves[0].CID)
		ok(t, err)
		wrong, err := f.Get(ctx, leaves[0].CID)
		ok(t, err)
		if bytes.Equal(data, wrong) || !bytes.Equal(data, leaves[0].Data) {
			t.Error("the second Get and only that should return other bytes")
		}

		ok(t, f.PinAdd(ctx, leaves[0].CID, ""))
		pinned(t, f, leaves[0].CID, true) // a lie
		pinned(t, f, leaves[0].CID, false)
		ok(t, f.Import(ctx, root.CID, all(leaves, root)))
		pinned(t, f, root.CID, false)
		ok(t, f.Import(ctx, root.CID, all(leaves, root)))
		pinned(t, f, root.CID, true)
		lost := 0
		for _, b := range leaves {
			if _, err := f.Stat(ctx, b.CID); errors.Is(err, node.ErrNotFound) {
				lost++
			}
		}
		if lost == 0 || lost > 20 {
			t.Errorf("%d of 500 blocks were dropped, want about 5", lost)
		}

		hung, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		wants(t, f.GC(hung), node.ErrTimeout)
		start := time.Now()
		_, err = f.Info(ctx)
		ok(t, err)
		if time.Since(start) != time.Hour || f.Calls("Import") != 2 {
			t.Error("the stall or the count is off")
		}
	})
}

func TestRecordsInMemoryPassTheDirectorySuite(t *testing.T) {
	d := new(Records)
	DirectorySuite(t, []node.Directory{d, d})
}

// TestKubosOfADHTPassTheDirectorySuite: what one node is given, another one hands out. The token may do that, and no more.
func TestKubosOfADHTPassTheDirectorySuite(t *testing.T) {
	const api = "/api/v0/"
	allow := func(c Config) {
		c.Allow(api+"routing/put", api+"routing/get", api+"id", api+"swarm/connect", api+"stats/dht", api+"repo/stat")
	}
	var doors []node.Directory
	for _, d := range StartDHT(t, 3, allow) {
		doors = append(doors, d.Node(t))
	}
	DirectorySuite(t, doors)
}

// TestAKuboWithoutRoutingTakesNoRecord, although it would say that all went well.
func TestAKuboWithoutRoutingTakesNoRecord(t *testing.T) {
	k := StartKubo(t).Node(t)
	name, sign := newName(t)
	wants(t, k.PutRecord(t.Context(), name, sign(1, time.Hour)), node.ErrNoDirectory)
	_, err := k.GetRecord(t.Context(), name)
	wants(t, err, node.ErrNotFound)
}

// TestAKuboThatKnowsNobodySaysSo: a record that only its own disk has is of no use to anybody.
func TestAKuboThatKnowsNobodySaysSo(t *testing.T) {
	k := StartKubo(t, func(c Config) {
		c.Set("Routing.Type", "dht")
		c.Set("Routing.LoopbackAddressesOnLanDHT", true)
	}).Node(t)
	name, sign := newName(t)
	wants(t, k.PutRecord(t.Context(), name, sign(1, time.Hour)), node.ErrNoDirectory)
}
