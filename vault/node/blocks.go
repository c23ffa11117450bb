package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/ipfs/go-cid"
)

// Import implements Node. The blocks' memory is read until the call returns.
func (k *Kubo) Import(ctx context.Context, root cid.Cid, blocks []Block) error {
	const op = "store and pin blocks"
	if !slices.ContainsFunc(blocks, func(b Block) bool { return b.CID == root }) {
		return fmt.Errorf("%s: the root is not among them", op)
	}
	release, err := k.pinning.acquire(ctx, root)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	defer release()
	pinned, err := k.Pinned(ctx, root)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if !pinned {
		return k.send(ctx, op, root, blocks, true)
	}
	// The pin that is there protects what it links, and must not be dropped: store, then see that it still stands.
	if err := k.send(ctx, op, root, blocks, false); err != nil {
		return err
	}
	if pinned, err = k.Pinned(ctx, root); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	} else if !pinned {
		return fmt.Errorf("%s: %w: the pin of the root was removed meanwhile", op, ErrNotPinned)
	}
	return nil
}

// Put implements Node. The blocks' memory is read until the call returns.
func (k *Kubo) Put(ctx context.Context, blocks []Block) error {
	if len(blocks) == 0 {
		return nil
	}
	return k.send(ctx, "store blocks", blocks[0].CID, blocks, false)
}

// send streams blocks as a CAR whose header names root.
func (k *Kubo) send(ctx context.Context, op string, root cid.Cid, blocks []Block, pin bool) error {
	var total int64
	for _, b := range blocks {
		if !b.CID.Defined() || len(b.Data) > MaxBlockSize {
			return fmt.Errorf("%s: block %s of %d bytes: a node takes named blocks up to %d", op, b.CID, len(b.Data), MaxBlockSize)
		}
		total += int64(len(b.Data))
	}
	want := imported{blocks: len(blocks)}
	if pin {
		want.root = root
	}
	c := &call{
		op: op, command: "dag/import", limit: k.patience.upload(total), body: newCAR(root, blocks), sends: total,
		opts: map[string]string{
			"pin-roots": fmt.Sprint(pin), "stats": "true", "silent": "false",
			"fast-provide-root": "false", "fast-provide-dag": "false",
		},
	}
	return k.do(ctx, c, want.read)
}

// Get implements Node.
func (k *Kubo) Get(ctx context.Context, c cid.Cid) ([]byte, error) {
	const op = "read block"
	if !c.Defined() {
		return nil, fmt.Errorf("%s: no name given", op)
	}
	if data := k.gateway.block(ctx, c, k.patience.block); data != nil {
		return data, nil
	}
	scratch := scratches.Get().(*[MaxBlockSize + 1]byte)
	defer scratches.Put(scratch)
	n := 0
	request := &call{
		op: op, command: "block/get", args: []string{c.String()}, limit: k.patience.block, gets: MaxBlockSize,
		opts:     map[string]string{"offline": "true"},
		exchange: exchange{most: MaxBlockSize + 1, binary: true},
	}
	err := k.do(ctx, request, func(r io.Reader) error {
		var err error
		switch n, err = io.ReadFull(r, scratch[:]); {
		case err == nil:
			return fmt.Errorf("%w: more than %d of them", ErrWrongBytes, MaxBlockSize)
		case errors.Is(err, io.EOF), err == io.ErrUnexpectedEOF: // the whole answer; a broken one is a wireError
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := checkBlock(c, scratch[:n]); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	data := memory(n)
	copy(data, scratch[:n])
	return data, nil
}

// recycled is memory of a few blocks of half the limit: of this size are those that anybody reads many of.
var recycled = make(chan []byte, 4)

// memory returns n bytes of any content, for a block.
func memory(n int) []byte {
	if n == MaxBlockSize/2 {
		select {
		case b := <-recycled:
			return b
		default:
		}
	}
	return make([]byte, n)
}

// Recycle takes the memory of a block that Get returned and nobody uses any more, for one that is read next.
func Recycle(block []byte) {
	if len(block) != MaxBlockSize/2 {
		return
	}
	select {
	case recycled <- block:
	default: // there is enough
	}
}

// scratches hold an answer until its length is known.
var scratches = sync.Pool{New: func() any { return new([MaxBlockSize + 1]byte) }}

// Stat implements Node.
func (k *Kubo) Stat(ctx context.Context, c cid.Cid) (int64, error) {
	const op = "look for block"
	if !c.Defined() {
		return 0, fmt.Errorf("%s: no name given", op)
	}
	var answer struct {
		Key  string
		Size *int64
	}
	request := &call{
		op: op, command: "block/stat", args: []string{c.String()}, limit: k.patience.quick,
		opts: map[string]string{"offline": "true"},
	}
	err := k.do(ctx, request, func(r io.Reader) error {
		if err := decodeOne(r, &answer); err != nil {
			return err
		}
		if got, err := cid.Decode(answer.Key); err != nil || !got.Equals(c) || answer.Size == nil || *answer.Size < 0 {
			return nonsense("about another block")
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return *answer.Size, nil
}
