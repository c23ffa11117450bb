package node

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ipfs/go-cid"
)

// PinAdd implements Node.
func (k *Kubo) PinAdd(ctx context.Context, c cid.Cid, name string) error {
	const op = "pin"
	release, err := k.pinning.acquire(ctx, c)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	defer release()
	switch pinned, err := k.Pinned(ctx, c); {
	case err != nil:
		return fmt.Errorf("%s: %w", op, err)
	case pinned:
		return fmt.Errorf("%s %s: %w", op, c, ErrPinned)
	}
	request := &call{
		op: op, command: "pin/add", args: []string{c.String()}, limit: k.patience.pin,
		opts: map[string]string{
			"recursive": "true", "progress": "true", "offline": "true",
			"fast-provide-root": "false", "fast-provide-dag": "false",
		},
		exchange: exchange{most: 64 << 20, pulse: true}, // a beat of about 40 bytes every half second for 48 hours
	}
	if name != "" {
		request.opts["name"] = name
	}
	return k.do(ctx, request, func(r io.Reader) error {
		return readPinAdd(r, c, func(int64) { request.progress() })
	})
}

// PinUpdate implements Node.
func (k *Kubo) PinUpdate(ctx context.Context, from, to cid.Cid) error {
	const op = "update pin"
	if !from.Defined() || !to.Defined() {
		return fmt.Errorf("%s: no name given", op)
	}
	release, err := k.pinning.acquire(ctx, to)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	defer release()
	request := &call{
		op: op, command: "pin/update", args: []string{from.String(), to.String()}, limit: k.patience.update,
		opts: map[string]string{
			"unpin": "false", "offline": "true", "fast-provide-root": "false", "fast-provide-dag": "false",
		},
	}
	err = k.do(ctx, request, func(r io.Reader) error { return readPins(r, from, to) })
	if errors.Is(err, ErrPinned) {
		return nil
	}
	return err
}

// PinRemove implements Node.
func (k *Kubo) PinRemove(ctx context.Context, c cid.Cid) error {
	const op = "remove pin"
	if !c.Defined() {
		return fmt.Errorf("%s: no name given", op)
	}
	request := &call{
		op: op, command: "pin/rm", args: []string{c.String()}, limit: k.patience.lock,
		opts: map[string]string{"recursive": "true", "offline": "true"},
	}
	err := k.do(ctx, request, func(r io.Reader) error { return readPins(r, c) })
	if errors.Is(err, ErrNotPinned) {
		return nil
	}
	return err
}

// Pins implements Node. The list is asked for as one document and not as Kubo's stream of lines: a stream that fails
// half way says so in a trailer, which many proxies drop, and what is left looks like a shorter list.
func (k *Kubo) Pins(ctx context.Context) ([]Pin, error) {
	var pins []Pin
	request := &call{
		op: "list pins", command: "pin/ls", limit: k.patience.list, gets: likelyList,
		opts:     map[string]string{"type": "recursive", "names": "true", "stream": "false"},
		exchange: exchange{most: listAnswer},
	}
	err := k.do(ctx, request, func(r io.Reader) (err error) {
		pins, err = readPinList(r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return pins, nil
}

// Pinned implements Node.
func (k *Kubo) Pinned(ctx context.Context, c cid.Cid) (bool, error) {
	const op = "look for pin"
	if !c.Defined() {
		return false, fmt.Errorf("%s: no name given", op)
	}
	request := &call{
		op: op, command: "pin/ls", args: []string{c.String()}, limit: k.patience.quick,
		opts: map[string]string{"type": "recursive", "stream": "false", "offline": "true"},
	}
	err := k.do(ctx, request, func(r io.Reader) error {
		pins, err := readPinList(r)
		if err == nil && (len(pins) != 1 || pins[0].CID != c) {
			err = nonsense("about another pin")
		}
		return err
	})
	if errors.Is(err, ErrNotPinned) {
		return false, nil
	}
	return err == nil, err
}
