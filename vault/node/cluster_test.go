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
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
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
		"no password":     {node.ClusterOptions{URL: one.API}, node.ErrUnauthorized},
		"a wrong one":     {node.ClusterOptions{URL: one.API, Token: "basic:roost:wrong"}, node.ErrUnauthorized},
		"Kubo's own":      {node.ClusterOptions{URL: one.Kubo.URL}, nil},
		"nobody":          {node.ClusterOptions{URL: "http://127.0.0.1:1"}, node.ErrUnreachable},
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

// To the engine a cluster is a storage as any other.
func TestClusterBehavesAsEveryNodeDoes(t *testing.T) {
	one := nodetest.StartMember(t, "one", nil)
	nodetest.Suite(t, func(t *testing.T) node.Node { return one.Node(t, 1) })
}
