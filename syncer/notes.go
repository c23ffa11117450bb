package syncer

import (
	"context"
	"encoding/json"
	"fmt"

	"roost/vault/catalog"
)

// Small things that are learnt again at little cost are notes: one JSON value each, below a key of its own in the catalog.
// Homes have them, so a key and the shape of its value stay as they are.

// noted reads a note; the zero value: there is none. One that is garbled is none, whole: the catalog is a cache.
func noted[T any](ctx context.Context, c *catalog.Catalog, key string) (T, error) {
	var note, none T
	b, ok, err := c.Meta(ctx, key)
	if err != nil || !ok || json.Unmarshal(b, &note) != nil {
		return none, err
	}
	return note, nil
}

// noteDown writes a note in place of the last one.
func noteDown[T any](ctx context.Context, c *catalog.Catalog, key string, note T) error {
	b, err := json.Marshal(note)
	if err != nil {
		return fmt.Errorf("note down %q: %w", key, err)
	}
	return c.Update(ctx, func(tx *catalog.Tx) error { return tx.SetMeta(key, b) })
}
