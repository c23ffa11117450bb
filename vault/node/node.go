// Package node is one storage that a person owns: an IPFS (Kubo) node over RPC, or one that Roost runs itself.
//
// Nothing a node says is believed: blocks are hashed again here, and a call succeeds only when the whole answer was
// read and says so. Nothing is retried here: whoever calls owns patience.
package node

import (
	"context"
	"time"

	"github.com/ipfs/go-cid"
)

// MaxBlockSize is the largest block that a node takes or gives, in bytes.
const MaxBlockSize = 2 << 20

// Block is one IPFS block: bytes and the name they hash to.
type Block struct {
	CID  cid.Cid
	Data []byte
}

// Pin is one recursive pin.
type Pin struct {
	CID  cid.Cid
	Name string // at most 255 bytes; "" for none
}

// Entry is one name in a pointer directory.
type Entry struct {
	Name string
	CID  cid.Cid
}

// Info says who answers.
type Info struct {
	PeerID  string
	Version string        // of Kubo, "0.43.0"
	Latency time.Duration // of this call, with dialling when there was no open connection
}

// Usage is what the storage says about its space, in bytes.
type Usage struct {
	RepoSize   int64 // now on its disk
	StorageMax int64 // the limit it was given, which Kubo does not enforce; 0: unknown
	Objects    int64 // blocks; 0: not counted
}

// Node is one storage. Its methods may be called from several goroutines at once. Every call has a deadline of its own,
// beside the context's; an error wraps one of this package's sentinels where a caller can act on the difference, and
// says in words what was tried. A call that failed may still have happened on the node, unless said otherwise.
type Node interface {
	// Info asks the node who it is.
	Info(ctx context.Context) (Info, error)

	// Import stores blocks and pins root, whose block is among them, recursively in the same call, so that the node's
	// garbage collection can never come between. A root that is pinned already is not pinned again (see PinAdd): its
	// blocks are stored and its pin is confirmed. A root with a missing child ends in ErrTimeout, unpinned.
	Import(ctx context.Context, root cid.Cid, blocks []Block) error
	// Put stores blocks without pinning them: the node may collect them until something pinned or linked holds them.
	Put(ctx context.Context, blocks []Block) error
	// Get returns a block that the node itself has, checked against its CID: other bytes are ErrWrongBytes, a missing
	// block is ErrNotFound. Its memory is the caller's, who may give it to Recycle.
	Get(ctx context.Context, c cid.Cid) ([]byte, error)
	// Stat returns the size in bytes of a block that the node itself has, or ErrNotFound. The bytes are not read here.
	Stat(ctx context.Context, c cid.Cid) (size int64, err error)

	// PinAdd pins c recursively under name. What is pinned already is refused with ErrPinned and left as it is: pinning
	// again drops the old pin before it walks, so that a walk that fails would leave nothing. The node reads
	// everything below c. A missing root is ErrNotFound, a missing child ErrTimeout.
	PinAdd(ctx context.Context, c cid.Cid, name string) error
	// PinUpdate pins to recursively, reading only what from does not hold, under from's name; from stays pinned. A
	// target that is pinned already is success. ErrNotPinned when from is not pinned; a missing block ends in ErrTimeout.
	PinUpdate(ctx context.Context, from, to cid.Cid) error
	// PinRemove removes the recursive pin of c; without one it does nothing.
	PinRemove(ctx context.Context, c cid.Cid) error
	// Pins lists every recursive pin with its name, ordered by CID; never a part of them.
	Pins(ctx context.Context) ([]Pin, error)
	// Pinned says whether c has a recursive pin of its own.
	Pinned(ctx context.Context, c cid.Cid) (bool, error)

	// Link makes path ("/a/b") point at c and keeps what c's DAG has on the node from collection. Missing parents are
	// made. It never replaces: of any number of callers one wins, the others get ErrExists. ErrNotFound: no block c.
	Link(ctx context.Context, path string, c cid.Cid) error
	// Unlink removes path, with everything below it; a missing one is no error.
	Unlink(ctx context.Context, path string) error
	// List returns what dir holds, ordered by name; nothing when there is no such directory.
	List(ctx context.Context, dir string) ([]Entry, error)

	// Usage returns the node's own figures.
	Usage(ctx context.Context) (Usage, error)
	// GC removes every block that is neither below a pin nor below a link, and returns when that is done.
	GC(ctx context.Context) error
}
