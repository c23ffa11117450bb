package syncer

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// moving is a backup on a storage called "storage" that is on its way to one called "new".
type moving struct {
	e        *Engine
	old, to  peer
	secret   format.Entropy
	src      string
	left     atomic.Int64 // calls to either storage until the connection goes; 0 or below: it is gone
	cutAfter bool         // the last call is done, and its answer lost
}

func newMoving(t *testing.T) *moving {
	t.Helper()
	m := &moving{old: newPeer("old"), to: newPeer("new"), secret: testEntropy(t), src: t.TempDir()}
	m.left.Store(math.MaxInt64)
	sample(t, m.src, 1)
	e := testEngine(t, m.old, m.secret)
	added(t, e, m.src)
	backup(t, e)
	m.e = e
	m.open(t)
	if err := e.changed(func(c *config) error {
		c.Move = &moveConfig{From: "storage", To: nodeConfig{Name: "new", URL: "http://127.0.0.1:1/new"}}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return m
}

// open is what a new process finds.
func (m *moving) open(t *testing.T) {
	t.Helper()
	byName := map[string]node.Node{}
	for name, n := range map[string]node.Node{"storage": m.old, "new": m.to} {
		byName[name] = &nodetest.Around{Node: n, Do: m.do}
	}
	nodes := m.e.home.config().Nodes
	m.e = reopen(t, m.e, byName[nodes[0].Name])
	for name, n := range byName {
		if name != nodes[0].Name {
			swapFar(m.e, name, n)
		}
	}
}

func (m *moving) do(_ context.Context, _ string, call func() error) error {
	left := m.left.Add(-1)
	if left > 0 || left == 0 && m.cutAfter {
		if err := call(); err != nil || left > 0 {
			return err
		}
	}
	return node.ErrUnreachable
}

func (m *moving) move(t *testing.T, clean bool) (*Moved, error) {
	t.Helper()
	return m.e.MoveNode(t.Context(), MoveOptions{From: "storage", Clean: clean}, nil)
}

// inCharge is the storage that backups go to.
func (m *moving) inCharge() peer {
	if m.e.home.config().Nodes[0].Name == "new" {
		return m.to
	}
	return m.old
}

func collect(t *testing.T, nodes ...node.Node) {
	t.Helper()
	for _, n := range nodes {
		if err := n.GC(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMoveBringsEverythingAndCleansOnlyWhenAsked(t *testing.T) {
	m := newMoving(t)
	got, err := m.move(t, false)
	if err != nil || got.Step != MoveDone || got.Blocks == 0 || got.Drill == nil || !got.Drill.OK() || got.Drill.Files == 0 {
		t.Fatalf("moved %+v, error %v", got, err)
	}
	nodes := m.e.home.config().Nodes
	if len(nodes) != 2 || nodes[0].Name != "new" || nodes[1].Name != "storage" {
		t.Errorf("the storages are %+v", nodes)
	}
	holdsAll(t, m.to, m.secret, m.src)
	holdsAll(t, m.old, m.secret, m.src)

	write(t, m.src+"/later", noise(5, 300_000))
	backup(t, m.e)
	holdsAll(t, m.to, m.secret, m.src)
	holdsAll(t, m.old, m.secret, m.src) // which still gets a copy
	wantState(t, m.e, "safe")

	if got, err = m.move(t, true); err != nil || got.Step != MoveCleaned {
		t.Fatalf("cleaned %+v, error %v", got, err)
	}
	if nodes = m.e.home.config().Nodes; len(nodes) != 1 || nodes[0].Name != "new" || m.e.home.config().Move != nil {
		t.Errorf("the storages are %+v, the move %+v", nodes, m.e.home.config().Move)
	}
	if p := roots(t, m.old); len(p) != 0 {
		t.Errorf("the old storage still keeps %v", p)
	}
	holdsAll(t, m.to, m.secret, m.src)
	write(t, m.src+"/last", "last")
	backup(t, m.e)
	holdsAll(t, m.to, m.secret, m.src)
	wantState(t, m.e, "safe")
}

// TestMoveCutOffAnywhereGoesOn kills a move at calls to either storage: at all of them but the later ones, or at every second,
// before the odd and after the even ones. Whichever is in charge then has everything, and running it again ends it.
func TestMoveCutOffAnywhereGoesOn(t *testing.T) {
	eachCut(t, 5_000, 16, func(t *testing.T, n int64, after bool) bool {
		m := newMoving(t)
		m.cutAfter = after
		m.left.Store(n)
		_, err := m.move(t, true)
		if err == nil && m.left.Load() > 0 {
			return false
		}
		if err != nil && !errors.Is(err, node.ErrUnreachable) {
			t.Fatalf("cut off at call %d: %v", n, err)
		}
		m.left.Store(math.MaxInt64)
		m.open(t)
		collect(t, m.old, m.to)
		sameContents(t, recovered(t, m.inCharge(), m.secret), onDisk(t, m.src))
		write(t, m.src+"/meanwhile", noise(uint64(n), 100_000))
		backup(t, m.e)
		if m.e.home.config().Move != nil { // else the last call was lost after all was done
			if got, err := m.move(t, true); err != nil || got.Step != MoveCleaned {
				t.Fatalf("cut off at call %d, gone on: %+v, %v", n, got, err)
			}
		}
		holdsAll(t, m.to, m.secret, m.src)
		if p := roots(t, m.old); len(p) != 0 {
			t.Errorf("cut off at call %d: the old storage still keeps %v", n, p)
		}
		return !t.Failed()
	})
}

func TestMoveCleansOnlyWhereNoOtherComputerSaves(t *testing.T) {
	m := newMoving(t)
	other, theirs := testEngine(t, m.old, m.secret), t.TempDir()
	write(t, theirs+"/theirs", noise(9, 400_000))
	added(t, other, theirs)
	backup(t, other)
	got, err := m.move(t, true)
	if !errors.Is(err, ErrUsage) || got.Step != MoveDone {
		t.Fatalf("moved %+v, error %v", got, err)
	}
	collect(t, m.old, m.to)
	for name, n := range map[string]node.Node{"old": m.old, "new": m.to} { // everybody's state is on both
		st, err := vault.Find(t.Context(), n, other.bundle)
		if err != nil || len(st.Heads) != 2 || len(st.Damaged) > 0 || len(roots(t, n)) != 2 {
			t.Errorf("the %s storage: %d states, damage %v, error %v", name, len(st.Heads), st.Damaged, err)
		}
	}
	write(t, theirs+"/more", "more")
	backup(t, other)
	wantState(t, m.e, "safe")

	// The other one moves too, from the state that the first move brought there.
	swapFar(other, "new", m.to)
	if err := other.changed(func(c *config) error {
		c.Move = &moveConfig{From: "storage", To: nodeConfig{Name: "new", URL: "http://127.0.0.1:1/new"}}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	o := MoveOptions{From: "storage", Clean: true}
	if got, err := other.MoveNode(t.Context(), o, nil); !errors.Is(err, ErrUsage) || got.Step != MoveDone {
		t.Fatalf("the other one moved %+v, error %v", got, err) // this one saves to both, too
	}
	if err := m.e.RemoveNode(t.Context(), "storage", false); err != nil {
		t.Fatal(err)
	}
	write(t, m.src+"/later", "later")
	backup(t, m.e)
	if got, err := other.MoveNode(t.Context(), o, nil); err != nil || got.Step != MoveCleaned {
		t.Fatalf("the other one cleaned %+v, error %v", got, err)
	}
	if p := roots(t, m.old); len(p) != 0 {
		t.Errorf("the old storage still keeps %v", p)
	}
	wantState(t, m.e, "safe")
	wantState(t, other, "safe")
}

func TestMoveStopsWhereTheNewStorageLosesThings(t *testing.T) {
	for _, method := range []string{"Get", "PinAdd", "Import"} {
		m := newMoving(t)
		kind := map[string]nodetest.Kind{"Get": nodetest.WrongBytes, "PinAdd": nodetest.Lie, "Import": nodetest.Drop}[method]
		swapFar(m.e, "new", nodetest.NewFaulty(m.to, 1, nodetest.Fault{Method: method, Kind: kind, Rate: 1}))
		got, err := m.move(t, true)
		if err == nil || got.Step != MoveCopying {
			t.Errorf("%s: moved %+v, error %v", method, got, err)
		}
		if n := m.e.home.config().Nodes; len(n) != 1 || n[0].Name != "storage" {
			t.Errorf("%s: the storages are %+v", method, n)
		}
		holdsAll(t, m.old, m.secret, m.src)
	}
}

func TestMoveThatIsGivenUpChangesNothing(t *testing.T) {
	m := newMoving(t)
	m.left.Store(20)
	if _, err := m.move(t, false); !errors.Is(err, node.ErrUnreachable) {
		t.Fatalf("not cut off: %v", err)
	}
	m.left.Store(math.MaxInt64)
	other := MoveOptions{From: "storage", To: SetupOptions{URL: "http://127.0.0.1:1/third"}}
	if _, err := m.e.MoveNode(t.Context(), other, nil); !errors.Is(err, ErrUsage) {
		t.Errorf("a second move at once: %v", err)
	}
	if err := m.e.RemoveNode(t.Context(), "new", false); err != nil {
		t.Fatal(err)
	}
	c := m.e.home.config()
	if c.Move != nil || len(c.Nodes) != 1 || c.Nodes[0].Name != "storage" {
		t.Errorf("the settings are %+v", c)
	}
	if _, err := m.move(t, false); !errors.Is(err, ErrUsage) {
		t.Errorf("going on with no move: %v", err)
	}
	backup(t, m.e)
	holdsAll(t, m.old, m.secret, m.src)
}

func TestMoveBetweenTwoKubos(t *testing.T) {
	first, second := nodetest.StartKubo(t), nodetest.StartKubo(t)
	secret, src := testEntropy(t), t.TempDir()
	e := testEngine(t, first.Node(t), secret)
	sample(t, src, 1)
	write(t, src+"/large", noise(77, 20<<20))
	added(t, e, src)
	backup(t, e)
	o := MoveOptions{From: "storage", To: SetupOptions{NodeName: "new", URL: second.URL, Token: second.Token}, Clean: true}
	got, err := e.MoveNode(t.Context(), o, nil)
	if err != nil || got.Step != MoveCleaned || !got.Drill.OK() {
		t.Fatalf("moved %+v, error %v", got, err)
	}
	holdsAll(t, second.Node(t), secret, src)
	if p := roots(t, first.Node(t)); len(p) != 0 {
		t.Errorf("the old storage still keeps %v", p)
	}
	saved, err := os.ReadFile(e.home.path(configFile))
	if err != nil || strings.Contains(string(saved), second.Token) || strings.Contains(string(saved), "move") {
		t.Errorf("the settings are %s, error %v", saved, err)
	}
	if err := e.closeFar(); err != nil {
		t.Error(err)
	}
}
