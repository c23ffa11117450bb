package watcher

// tree is the directories that are known, by their path and by what they are. A directory that has moved is known by
// the latter, whichever of its two places is looked at first.
type tree struct {
	byPath  map[string]*node // by full path
	byID    map[id]*node     // of those that are watched
	watches int
	cost    int // sum over those that are watched
}

// id tells a directory from every other as long as both exist. Zero: the system has none.
type id struct{ dev, ino uint64 }

// node is a directory.
type node struct {
	full                string
	up, kid, next, prev *node // kid is the first below; next and prev lie beside it
	id                  id
	cost                int32 // what its watch takes of the system, see watchCost
	watched             bool
	dropped             bool // no longer in the tree
}

func newTree() *tree {
	return &tree{byPath: map[string]*node{}, byID: map[id]*node{}}
}

// add makes full known, or returns nil if it is.
func (t *tree) add(up *node, full string) *node {
	if t.byPath[full] != nil {
		return nil
	}
	n := &node{full: full, up: up}
	if up != nil {
		if n.next = up.kid; n.next != nil {
			n.next.prev = n
		}
		up.kid = n
	}
	t.byPath[full] = n
	return n
}

// watch notes that n is watched.
func (t *tree) watch(n *node, what id, cost int) {
	n.id, n.cost, n.watched = what, int32(cost), true
	if what != (id{}) {
		t.byID[what] = n
	}
	t.watches++
	t.cost += cost
}

// drop forgets n and everything below, and calls unwatch for those that were watched.
func (t *tree) drop(n *node, unwatch func(full string)) {
	if n.dropped {
		return
	}
	switch {
	case n.prev != nil:
		n.prev.next = n.next
	case n.up != nil:
		n.up.kid = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	}
	for stack := []*node{n}; len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for kid := n.kid; kid != nil; kid = kid.next {
			stack = append(stack, kid)
		}
		n.dropped = true
		delete(t.byPath, n.full)
		if !n.watched {
			continue
		}
		if t.byID[n.id] == n {
			delete(t.byID, n.id)
		}
		t.watches--
		t.cost -= int(n.cost)
		unwatch(n.full)
	}
}
