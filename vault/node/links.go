package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/ipfs/go-cid"
)

// Link implements Node.
func (k *Kubo) Link(ctx context.Context, to string, c cid.Cid) error {
	const op = "write pointer"
	if err := checkPath(to); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if !c.Defined() {
		return fmt.Errorf("%s: no target given", op)
	}
	request := &call{
		op: op, command: "files/cp", args: []string{"/ipfs/" + c.String(), to}, limit: k.patience.lock,
		opts: map[string]string{"parents": "true", "force": "false", "flush": "true", "offline": "true"},
	}
	return k.do(ctx, request, readNothing)
}

// Unlink implements Node.
func (k *Kubo) Unlink(ctx context.Context, p string) error {
	const op = "remove pointer"
	if err := checkPath(p); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	request := &call{
		op: op, command: "files/rm", args: []string{p}, limit: k.patience.lock,
		opts: map[string]string{"force": "true"}, // also without the block it points at; a missing path is no error
	}
	return k.do(ctx, request, readRemoval)
}

// List implements Node. Kubo reads the block behind every name: one that is missing ends in ErrTimeout.
func (k *Kubo) List(ctx context.Context, dir string) ([]Entry, error) {
	const op = "list pointers"
	if dir != "/" {
		if err := checkPath(dir); err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
	}
	var entries []Entry
	request := &call{
		op: op, command: "files/ls", args: []string{dir}, limit: k.patience.list, gets: likelyList,
		opts:     map[string]string{"long": "true", "offline": "true"},
		exchange: exchange{most: listAnswer},
	}
	err := k.do(ctx, request, func(r io.Reader) (err error) {
		entries, err = readEntries(r)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, nil
}

// checkPath refuses what Kubo would read in another way than it is written.
func checkPath(p string) error {
	if !path.IsAbs(p) || p == "/" || path.Clean(p) != p || strings.ContainsRune(p, 0) {
		return fmt.Errorf("%q is not a clean absolute path below /", p)
	}
	return nil
}
