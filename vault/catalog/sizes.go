package catalog

import (
	"context"
	"fmt"
	"iter"
)

// DeviceSize is how much the packs take that a device's head names, in bytes.
type DeviceSize struct {
	Device [16]byte
	Bytes  int64 // of all of them
	Alone  int64 // of those that no other device's head names
}

// Sizes adds up the packs: all that are known, each once, and those of each device, in the order of their ids. It walks
// the packs, about a tenth of a second for 100,000 of them.
func (c *Catalog) Sizes(ctx context.Context) (total int64, devices []DeviceSize, err error) {
	err = c.read(ctx, func(r *conn) error {
		if total, err = r.number(ctx, `SELECT coalesce(sum(size), 0) FROM packs`); err != nil {
			return err
		}
		return r.each(ctx, `WITH held AS (SELECT pack, min(device) AS device, count(*) AS n FROM holders GROUP BY pack)
			SELECT h.device, sum(p.size), sum(CASE WHEN held.n = 1 THEN p.size ELSE 0 END)
			FROM holders h JOIN packs p ON p.no = h.pack JOIN held ON held.pack = h.pack
			GROUP BY h.device ORDER BY h.device`, 3, func(v []value) (err error) {
			var d DeviceSize
			if err := fixed(d.Device[:], v[0]); err != nil {
				return err
			}
			if d.Bytes, err = integer(v[1]); err != nil {
				return err
			}
			if d.Alone, err = integer(v[2]); err != nil {
				return err
			}
			devices = append(devices, d)
			return nil
		})
	})
	if err != nil {
		return 0, nil, fmt.Errorf("add up packs: %w", err)
	}
	return total, devices, nil
}

// Place is one pack that a chunk is to be found in.
type Place struct {
	ID   ChunkID
	Pack int64 // its number
}

// Places yields where every chunk lies, in the order of the ids and, for a chunk in several packs, of their numbers. It
// reads in portions, as Packs does; about a second for a million. An error is the last thing it yields.
func (c *Catalog) Places(ctx context.Context) iter.Seq2[Place, error] {
	return func(yield func(Place, error) bool) {
		const rows = 8192
		last := Place{Pack: -1}
		for more := true; more; {
			places := make([]Place, 0, rows)
			err := c.read(ctx, func(r *conn) error {
				return r.each(ctx, `SELECT id, pack FROM chunks WHERE (id, pack) > (?, ?) ORDER BY id, pack`, 2, func(v []value) (err error) {
					var p Place
					if err := fixed(p.ID[:], v[0]); err != nil {
						return err
					}
					if p.Pack, err = integer(v[1]); err != nil {
						return err
					}
					if places = append(places, p); len(places) == rows {
						return errStop
					}
					return nil
				}, last.ID[:], last.Pack)
			})
			more = len(places) == rows
			for _, p := range places {
				if last = p; !yield(p, nil) {
					return
				}
			}
			if err != nil {
				yield(Place{}, fmt.Errorf("list chunks: %w", err))
				return
			}
		}
	}
}
