package syncer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"roost/vault"
	"roost/vault/node"
)

// TryStorage tells whether a storage answers, before a home is made for it: nil, or an error that Describe has words for.
// With write it is also proved that it takes, keeps and releases something of ours; nothing stays pinned. A storage that
// Roost would run itself in a folder is not started: it only has to be there, unless it may be made (write).
func TryStorage(ctx context.Context, opts Options, o SetupOptions, write bool) error {
	if o.URL == "" {
		if _, err := node.FindBinary(); err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(o.LocalDir, "repo", "config")); err != nil && !write {
			return fmt.Errorf("open the storage in %s: %w", o.LocalDir, node.ErrUnreachable)
		}
		return nil
	}
	o.AllowHTTP = o.AllowHTTP || opts.AllowHTTP
	if err := o.locate(ctx); err != nil {
		return err
	}
	nc := o.node("")
	n, err := nc.dial(o.access(), nil)
	if err != nil {
		return err
	}
	err = tryNode(ctx, n, write)
	if err == nil {
		err = nc.meet(ctx, n)
	}
	return errors.Join(err, n.Close())
}

func tryNode(ctx context.Context, n node.Node, write bool) error {
	if _, err := n.Info(ctx); err != nil {
		return err
	}
	if !write {
		return nil
	}
	entropy, err := vault.NewEntropy() // of nobody: what is stored with it is released again
	if err != nil {
		return err
	}
	b, err := vault.NewBundle(entropy, "try", time.Now())
	if err != nil {
		return err
	}
	return vault.Probe(ctx, n, b, nil) // there is no home yet to note it in
}

// probe tries whether a storage takes something of ours. What it pins meanwhile is noted in the home, so that the next
// probe ends what one that was killed has left.
func (h *home) probe(ctx context.Context, n node.Node, b *vault.Bundle) error {
	switch root, err := os.ReadFile(h.path(probeFile)); {
	case err == nil:
		if err := vault.ReleaseProbe(ctx, n, string(root)); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return homeError("read what was tried before", err)
	}
	if err := vault.Probe(ctx, n, b, func(root string) error { return h.write(probeFile, []byte(root)) }); err != nil {
		return err
	}
	if err := os.Remove(h.path(probeFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return homeError("forget what was tried", err)
	}
	return nil
}
