package node

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/ipfs/go-cid"
)

// Peer is a node as other nodes reach it.
type Peer struct {
	ID        string
	Addresses []string // multiaddresses that end in /p2p/ID; none: it listens to nobody
}

// Peer asks the node where other nodes reach it.
func (k *Kubo) Peer(ctx context.Context) (Peer, error) {
	var answer struct {
		ID        string
		Addresses []string
	}
	err := k.do(ctx, &call{op: "ask storage where others reach it", command: "id", limit: k.patience.quick}, func(r io.Reader) error {
		return decodeOne(r, &answer)
	})
	return Peer{answer.ID, answer.Addresses}, err
}

// Peers lists the ids of the nodes that the node is connected to.
func (k *Kubo) Peers(ctx context.Context) ([]string, error) {
	var answer struct{ Peers []struct{ Peer string } }
	err := k.do(ctx, &call{op: "ask whom storage talks to", command: "swarm/peers", limit: k.patience.quick}, func(r io.Reader) error {
		return decodeOne(r, &answer)
	})
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(answer.Peers))
	for _, p := range answer.Peers {
		ids = append(ids, p.Peer)
	}
	return ids, nil
}

// Connect has the node connect to another one, whose id proves that it is the one meant.
func (k *Kubo) Connect(ctx context.Context, p Peer) error {
	const op = "connect storage to another one"
	if len(p.Addresses) == 0 {
		return fmt.Errorf("%s: %w: it has no address", op, ErrUnreachable)
	}
	for _, a := range p.Addresses {
		if !strings.HasSuffix(a, "/p2p/"+p.ID) {
			return fmt.Errorf("%s: %w", op, nonsense("an address of somebody else"))
		}
	}
	c := &call{op: op, command: "swarm/connect", args: p.Addresses, limit: k.patience.connect}
	return k.do(ctx, c, func(r io.Reader) error {
		var answer struct{ Strings []string }
		if err := decodeOne(r, &answer); err != nil {
			return err
		}
		if len(answer.Strings) != 1 || !strings.HasSuffix(answer.Strings[0], " success") {
			return nonsense("it does not say that it is connected")
		}
		return nil
	})
}

// Fetch has the node fetch everything below root from the nodes that it is connected to, and pins it under name; with a
// defined base, which it has pinned, only what that lacks, under base's name. progress is told how many blocks of a first
// fetch are there; it must return at once. The base stays pinned. A block that no node gives ends in ErrTimeout, and root
// is not pinned then. A root that is pinned already is success.
func (k *Kubo) Fetch(ctx context.Context, root, base cid.Cid, name string, progress func(blocks int64)) error {
	const op = "fetch from another storage"
	release, err := k.pinning.acquire(ctx, root)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	defer release()
	switch pinned, err := k.Pinned(ctx, root); {
	case err != nil:
		return fmt.Errorf("%s: %w", op, err)
	case pinned:
		return nil
	}
	if base.Defined() {
		request := &call{
			op: op, command: "pin/update", args: []string{base.String(), root.String()}, limit: k.patience.update,
			opts: map[string]string{"unpin": "false", "fast-provide-root": "false", "fast-provide-dag": "false"},
		}
		return k.do(ctx, request, func(r io.Reader) error { return readPins(r, base, root) })
	}
	request := &call{
		op: op, command: "pin/add", args: []string{root.String()}, limit: k.patience.fetch,
		opts: map[string]string{
			"recursive": "true", "progress": "true", "name": name, "fast-provide-root": "false", "fast-provide-dag": "false",
		},
		exchange: exchange{most: 64 << 20, pulse: true},
	}
	return k.do(ctx, request, func(r io.Reader) error {
		return readPinAdd(r, root, func(blocks int64) {
			request.progress()
			progress(blocks)
		})
	})
}
