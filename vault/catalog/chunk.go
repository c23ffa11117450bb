package catalog

import (
	"bytes"
	"context"
	"fmt"
	"slices"
)

// ChunkID is the first 16 bytes of a chunk's id; the full id is checked where the chunk is read.
type ChunkID [16]byte

// portion is how many ids go to SQLite at once.
const portion = 4096

// idsCTE turns one blob of ?2 ids, the argument ?1, into rows: s.n counts from 0 and idOfN is the id. One call for
// thousands of ids costs a third of one call each.
const (
	idsCTE = `WITH RECURSIVE s (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n + 1 < ?2) `
	idOfN  = `substr(?1, s.n * 16 + 1, 16)`
)

// Chunk finds a pack that holds a chunk: one that this device's root links, if there is one.
func (c *Catalog) Chunk(ctx context.Context, id ChunkID) (p Pack, ok bool, err error) {
	err = c.read(ctx, func(r *conn) error {
		return r.each(ctx, `SELECT `+packColumns+` FROM chunks c JOIN packs p ON p.no = c.pack WHERE c.id = ? ORDER BY p.linked DESC, p.no LIMIT 1`, 6, func(v []value) (err error) {
			ok = true
			p, err = scanPack(v)
			return err
		}, id[:])
	})
	if err != nil {
		return Pack{}, false, fmt.Errorf("find chunk: %w", err)
	}
	return p, ok, nil
}

// Chunks finds packs that hold the chunks, as Chunk does, in the order of ids; No is 0 where a chunk is unknown.
func (c *Catalog) Chunks(ctx context.Context, ids []ChunkID) ([]Pack, error) {
	packs := make([]Pack, len(ids))
	err := c.read(ctx, func(r *conn) error {
		for from := 0; from < len(ids); from += portion {
			part := ids[from:min(from+portion, len(ids))]
			// CROSS JOIN keeps the order of the loops: ids outside, lookups inside.
			err := r.each(ctx, idsCTE+`SELECT s.n, `+packColumns+`
				FROM s CROSS JOIN chunks c ON c.id = `+idOfN+` CROSS JOIN packs p ON p.no = c.pack`,
				7, func(v []value) error {
					n, err := ranged(v[0], int64(len(part)-1))
					if err != nil {
						return err
					}
					p, err := scanPack(v[1:])
					if have := &packs[from+int(n)]; have.No == 0 || (p.Linked && !have.Linked) {
						*have = p
					}
					return err
				}, join(part), int64(len(part)))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find chunks: %w", err)
	}
	return packs, nil
}

// PackChunks returns the chunks that are to be found in the pack with this number, sorted.
func (c *Catalog) PackChunks(ctx context.Context, no int64) ([]ChunkID, error) {
	var ids []ChunkID
	err := c.read(ctx, func(r *conn) error {
		return r.each(ctx, `SELECT id FROM chunks WHERE pack = ? ORDER BY id`, 1, func(v []value) error {
			var id ChunkID
			if err := fixed(id[:], v[0]); err != nil {
				return err
			}
			ids = append(ids, id)
			return nil
		}, no)
	})
	if err != nil {
		return nil, fmt.Errorf("list chunks of a pack: %w", err)
	}
	return ids, nil
}

// AddChunks says that the pack with this number holds the chunks, beside whatever other packs hold them too. An unknown
// number is an error.
func (tx *Tx) AddChunks(no int64, ids []ChunkID) error {
	if err := tx.known(no); err != nil {
		return tx.fail("add chunks", err)
	}
	// Sorted, neighbours in the table are written one after the other.
	sorted := slices.Clone(ids)
	slices.SortFunc(sorted, func(a, b ChunkID) int { return bytes.Compare(a[:], b[:]) })
	for part := range slices.Chunk(sorted, portion) {
		err := tx.exec(idsCTE+`INSERT OR IGNORE INTO chunks (id, pack) SELECT `+idOfN+`, ?3 FROM s`,
			join(part), int64(len(part)), no)
		if err != nil {
			return tx.fail("add chunks", err)
		}
	}
	return nil
}

func join(ids []ChunkID) []byte {
	b := make([]byte, 0, len(ids)*len(ChunkID{}))
	for _, id := range ids {
		b = append(b, id[:]...)
	}
	return b
}
