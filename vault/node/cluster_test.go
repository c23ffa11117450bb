package node_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// awaitCopies waits until the members of a cluster hold a pin so: "one held, two away".
func awaitCopies(t *testing.T, c *node.Cluster, root cid.Cid, want string) {
	t.Helper()
	said := ""
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		all, err := c.Copies(t.Context(), root)
		if err != nil {
			said = err.Error()
			continue
		}
		said = ""
		for i, x := range all {
			if i > 0 {
				said += ", "
			}
			said += x.Member + " " + x.State
		}
		if said == want {
			return
		}
	}
	t.Fatalf("the copies are: %s; want %s", said, want)
}

// Two real members act as one storage: what is pinned through one comes to lie on the other, under its name. One that was
// switched off is named, keeps nobody from saving, and catches up by itself; and either of them is enough to get it all back.
func TestClusterHoldsACopyOnEachMemberAlsoAfterOneWasAway(t *testing.T) {
	one := nodetest.StartMember(t, "one", nil)
	two := nodetest.StartMember(t, "two", one)
	c := one.Node(t, 0)

	tree := func(n int) (root node.Block, all []node.Block) {
		var entries []node.Entry
		for i := range n {
			b := nodetest.Raw(fmt.Appendf(nil, "leaf %d", i))
			all = append(all, b)
			entries = append(entries, node.Entry{Name: fmt.Sprintf("%03d", i), CID: b.CID})
		}
		root = nodetest.Dir(entries...)
		return root, append(all, root)
	}
	before, blocks := tree(20)
	if err := c.Put(t.Context(), blocks); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Copies(t.Context(), before.CID); !errors.Is(err, node.ErrNotPinned) {
		t.Errorf("copies of what is not pinned: %v", err)
	}
	if err := c.PinAdd(t.Context(), before.CID, "roost of a test"); err != nil {
		t.Fatal(err)
	}
	awaitCopies(t, c, before.CID, "one held, two held")
	if err := c.PinAdd(t.Context(), before.CID, "roost of a test"); !errors.Is(err, node.ErrPinned) {
		t.Errorf("a second pin: %v, want ErrPinned", err)
	}
	pins, err := two.Node(t, 0).Pins(t.Context())
	if err != nil || !slices.Contains(pins, node.Pin{CID: before.CID, Name: "roost of a test"}) {
		t.Errorf("the other member has %+v, %v", pins, err)
	}

	// The other one is switched off. What is saved meanwhile is taken, and said to be there once.
	two.Stop(t)
	after, more := tree(40)
	if err := c.Put(t.Context(), more); err != nil {
		t.Fatal(err)
	}
	if err := c.PinUpdate(t.Context(), before.CID, after.CID); err != nil {
		t.Fatal(err)
	}
	imported := nodetest.Raw([]byte("imported while one was away"))
	if err := c.Import(t.Context(), imported.CID, []node.Block{imported}); err != nil {
		t.Fatal(err)
	}
	copies, err := c.Copies(t.Context(), after.CID)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range copies {
		if x.Member == "two" && x.State == node.CopyHeld {
			t.Errorf("a member that is switched off is said to hold it: %+v", x)
		}
	}

	// Back again, it catches up by itself.
	two.Start(t)
	awaitCopies(t, c, after.CID, "one held, two held")
	awaitCopies(t, c, imported.CID, "one held, two held")

	// The first one burns down.
	one.Stop(t)
	if _, err := c.Copies(t.Context(), after.CID); !errors.Is(err, node.ErrUnreachable) {
		t.Errorf("a cluster that does not answer: %v", err)
	}
	left := two.Node(t, 0)
	for _, b := range append(more, imported) {
		has(t, left.Kubo, b)
	}
	if pinned, err := left.Pinned(t.Context(), after.CID); err != nil || !pinned {
		t.Errorf("the newest is not pinned on the member that is left: %t, %v", pinned, err)
	}
	if err := left.PinRemove(t.Context(), before.CID); err != nil {
		t.Fatal(err)
	}
	if _, err := left.Copies(t.Context(), before.CID); !errors.Is(err, node.ErrNotPinned) {
		t.Errorf("what was removed: %v", err)
	}
	if err := left.PinRemove(t.Context(), before.CID); err != nil {
		t.Errorf("removing it again: %v", err)
	}
}

// A wrong password, another service and plain http far away are named as they are for a single storage.
func TestClusterThatDoesNotLetUsInIsNamed(t *testing.T) {
	one := nodetest.StartMember(t, "one", nil)
	for name, c := range map[string]struct {
		opts node.ClusterOptions
		want error
	}{
		"no password":     {node.ClusterOptions{URL: one.API}, node.ErrClusterKey},
		"a wrong one":     {node.ClusterOptions{URL: one.API, Token: "basic:roost:wrong"}, node.ErrUnauthorized},
		"Kubo's own":      {node.ClusterOptions{URL: one.Kubo.URL}, nil},
		"nobody":          {node.ClusterOptions{URL: "http://127.0.0.1:1"}, node.ErrClusterAway},
		"plain, far away": {node.ClusterOptions{URL: "http://192.0.2.9:9094"}, node.ErrInsecure},
	} {
		k, err := node.Dial(node.Options{URL: one.Kubo.URL})
		if err != nil {
			t.Fatal(err)
		}
		cluster, err := node.DialCluster(k, c.opts)
		if err == nil {
			_, err = cluster.Copies(t.Context(), nodetest.Raw([]byte("x")).CID)
			cluster.Close()
		}
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// Of the members that hold a pin our own is always one: from its Kubo Cluster takes away what other members shall hold. Who was
// away when a number of members was chosen is chosen later.
func TestANumberOfMembersIsChosenAndOurOwnIsAlwaysOne(t *testing.T) {
	one := nodetest.StartMember(t, "one", nil)
	two := nodetest.StartMember(t, "two", one)
	awaitMembers(t, one, 2)
	single, both := one.Node(t, 1), one.Node(t, 2)
	pin := func(c *node.Cluster, text string) cid.Cid {
		t.Helper()
		b := nodetest.Raw([]byte(text))
		if err := c.Import(t.Context(), b.CID, []node.Block{b}); err != nil {
			t.Fatal(err)
		}
		return b.CID
	}
	for i := range 4 { // whichever member has more room
		root := pin(single, fmt.Sprint("on one of them ", i))
		if h, err := single.Holding(t.Context(), root); err != nil || h.Wanted != 1 {
			t.Errorf("it is held as %+v, %v", h, err)
		}
		time.Sleep(time.Second) // in which a member that shall not hold it lets it go
		if held, err := single.Pinned(t.Context(), root); err != nil || !held {
			t.Errorf("our own member holds it: %t, %v", held, err)
		}
	}
	awaitCopies(t, both, pin(both, "on both"), "one held, two held")

	two.Stop(t)
	awaitMembers(t, one, 1)
	root := pin(both, "while one was away")
	h, err := both.Holding(t.Context(), root)
	if err != nil || h.Wanted != 2 {
		t.Fatalf("it is held as %+v, %v", h, err)
	}
	if err := both.Refill(t.Context(), root, true); err != nil { // there is nobody else
		t.Fatal(err)
	}
	two.Start(t)
	awaitMembers(t, one, 2)
	for end := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) { // it has told how much room it has
		if err := both.Refill(t.Context(), root, false); err != nil {
			t.Fatal(err)
		}
		if h, err = both.Holding(t.Context(), root); err == nil && len(h.Copies) == 2 && h.Copies[1].State == node.CopyHeld {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("it is held as %+v, %v", h, err)
		}
	}
	if err := both.Spread(t.Context(), nodetest.Raw([]byte("nothing")).CID); !errors.Is(err, node.ErrNotPinned) {
		t.Errorf("what is not pinned was spread: %v", err)
	}
}

// awaitMembers waits until a member knows of so many that answer, itself among them.
func awaitMembers(t *testing.T, m *nodetest.Member, want int) {
	t.Helper()
	c := m.Node(t, 0)
	var there []node.Member
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		all, err := c.Members(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		there = slices.DeleteFunc(all, func(m node.Member) bool { return m.Reason != "" })
		if len(there) == want {
			return
		}
	}
	t.Fatalf("the members are %+v, want %d", there, want)
}

// An older state is let go when the members have the newer one, and not while one of them is on its way to it: it would have
// nothing then.
func TestAnOlderStateStaysUntilEveryMemberThatAnswersHasTheNewer(t *testing.T) {
	one := nodetest.StartMember(t, "one", nil)
	two := nodetest.StartMember(t, "two", one)
	c := one.Node(t, 0)
	state := func(n int) node.Block {
		t.Helper()
		var all []node.Block
		var entries []node.Entry
		for i := range 24 * n {
			b := nodetest.Raw(slices.Repeat(fmt.Appendf(nil, "%07d ", i), 128<<10)) // 1 MiB
			all = append(all, b)
			entries = append(entries, node.Entry{Name: fmt.Sprintf("%03d", i), CID: b.CID})
		}
		root := nodetest.Dir(entries...)
		if err := c.Put(t.Context(), append(all, root)); err != nil {
			t.Fatal(err)
		}
		return root
	}
	first := state(1)
	if err := c.PinAdd(t.Context(), first.CID, "roost of a test"); err != nil {
		t.Fatal(err)
	}
	awaitCopies(t, c, first.CID, "one held, two held")
	kept := 0
	last := first
	for n := 2; n < 4; n++ {
		next := state(n)
		if err := c.PinUpdate(t.Context(), last.CID, next.CID); err != nil {
			t.Fatal(err)
		}
		if n == 3 { // another process knows what the first one updated
			c = one.Node(t, 0)
			if err := c.PinUpdate(t.Context(), last.CID, next.CID); err != nil {
				t.Fatal(err)
			}
		}
		for {
			err := c.PinRemove(t.Context(), first.CID)
			if err == nil {
				break
			}
			if !errors.Is(err, node.ErrStillNeeded) {
				t.Fatal(err)
			}
			kept++
			time.Sleep(10 * time.Millisecond)
		}
		if held, err := two.Kubo.Node(t).Pinned(t.Context(), next.CID); err != nil || !held {
			h, herr := c.Holding(t.Context(), next.CID)
			t.Errorf("update %d: the older state was let go while the other member has no newer one: %t, %v; held as %+v, %v", n, held, err, h, herr)
		}
		first, last = next, next
	}
	t.Logf("it was kept %d times", kept)
}

// An API that is another member's, and figures that cannot be.
func TestClusterOfAnotherStorageIsRefused(t *testing.T) {
	one := nodetest.StartMember(t, "one", nil)
	other := nodetest.StartKubo(t)
	dial := func(o node.ClusterOptions) (*node.Cluster, error) {
		k, err := node.Dial(node.Options{URL: other.URL, Token: other.Token})
		if err != nil {
			t.Fatal(err)
		}
		return node.DialCluster(k, o)
	}
	c, err := dial(node.ClusterOptions{URL: one.API, Token: one.Token()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Self(t.Context()); !errors.Is(err, node.ErrOtherMember) {
		t.Errorf("another member's API: %v", err)
	}
	b := nodetest.Raw([]byte("x"))
	if err := c.Import(t.Context(), b.CID, []node.Block{b}); !errors.Is(err, node.ErrOtherMember) {
		t.Errorf("pinning through another member's API: %v", err)
	}
	for _, copies := range []int{-1, node.MostCopies + 1} {
		if _, err := dial(node.ClusterOptions{URL: one.API, Copies: copies}); err == nil {
			t.Errorf("%d copies are taken", copies)
		}
	}
}

// To the engine a cluster is a storage as any other.
func TestClusterBehavesAsEveryNodeDoes(t *testing.T) {
	one := nodetest.StartMember(t, "one", nil)
	nodetest.Suite(t, func(t *testing.T) node.Node { return one.Node(t, 1) })
}
