package catalog

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"
)

// random ids, as hashes are.
func randomChunks(r *rand.Rand, n int) []ChunkID {
	ids := make([]ChunkID, n)
	for i := range ids {
		for j := range ids[i] {
			ids[i][j] = byte(r.Uint32())
		}
	}
	return ids
}

// million returns a catalog of a million chunks, eight to a pack, and their ids.
func million(b *testing.B) (*Catalog, []ChunkID) {
	b.Helper()
	ids := randomChunks(rand.New(rand.NewPCG(1, 2)), 1_000_000)
	c := newCatalog(b)
	for from := 0; from < len(ids); from += 100_000 {
		update(b, c, func(tx *Tx) error {
			for at := from; at < from+100_000; at += 8 {
				no, err := tx.AddPack(numberedPack(at))
				if err := errors.Join(err, tx.AddChunks(no, ids[at:at+8])); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return c, ids
}

func BenchmarkMillionChunks(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c, ids := million(b)
	r := rand.New(rand.NewPCG(3, 4))
	unknown := randomChunks(r, 100_000)
	b.Run("Chunk/hit", func(b *testing.B) {
		for b.Loop() {
			if _, ok, err := c.Chunk(ctx, ids[r.IntN(len(ids))]); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("Chunk/miss", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, ok, err := c.Chunk(ctx, unknown[i%len(unknown)]); ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("Chunk/miss/parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for i := rand.IntN(len(unknown)); pb.Next(); i++ {
				if _, ok, err := c.Chunk(ctx, unknown[i%len(unknown)]); ok || err != nil {
					b.Error(ok, err)
				}
			}
		})
	})
	for name, from := range map[string][]ChunkID{"hit": ids, "miss": unknown} {
		b.Run("Chunks/256/"+name, func(b *testing.B) {
			for b.Loop() {
				at := r.IntN(len(from) - 256)
				if _, err := c.Chunks(ctx, from[at:at+256]); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/id")
		})
	}
	b.Run("PackChunks", func(b *testing.B) {
		for b.Loop() {
			if _, err := c.PackChunks(ctx, 1+r.Int64N(100_000)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Counts", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := c.Counts(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Check", func(b *testing.B) {
		for b.Loop() {
			if err := c.Check(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("AddChunks/100k", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			more := randomChunks(r, 100_000)
			update(b, c, func(tx *Tx) error {
				p := numberedPack(10_000_000 + n)
				no, err := tx.AddPack(p)
				return errors.Join(err, tx.AddChunks(no, more))
			})
		}
	})
}

func BenchmarkAddChunks(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, perPack := range []int{8, 100_000} {
		b.Run(fmt.Sprintf("100k/%d-a-pack", perPack), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				c, ids := newCatalog(b), randomChunks(r, 100_000)
				b.StartTimer()
				update(b, c, func(tx *Tx) error {
					for at := 0; at < len(ids); at += perPack {
						no, err := tx.AddPack(numberedPack(at))
						if err := errors.Join(err, tx.AddChunks(no, ids[at:at+perPack])); err != nil {
							return err
						}
					}
					return nil
				})
			}
		})
	}
}

func BenchmarkDirs(b *testing.B) {
	ctx := context.Background()
	c := newCatalog(b)
	folder := [16]byte{1}
	const count, size = 2000, 6 << 10
	update(b, c, func(tx *Tx) error {
		for i := range count {
			if err := tx.PutDir(folder, Dir{Path: fmt.Sprintf("some/where/deep/%05d", i), Entries: make([]byte, size)}); err != nil {
				return err
			}
		}
		return nil
	})
	b.Run("pass/2000x6KiB", func(b *testing.B) {
		b.SetBytes(count * size)
		for b.Loop() {
			n := 0
			for _, err := range c.Dirs(ctx, folder) {
				if n++; err != nil {
					b.Fatal(err)
				}
			}
			if n != count {
				b.Fatal(n)
			}
		}
	})
	b.Run("put/2000x6KiB", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			update(b, c, func(tx *Tx) error {
				for i := range count {
					d := Dir{Path: fmt.Sprintf("some/where/deep/%05d", i), Files: int64(n), Entries: make([]byte, size)}
					if err := tx.PutDir(folder, d); err != nil {
						return err
					}
				}
				return nil
			})
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "catalog.db")
	openAt(b, path)
	for b.Loop() {
		c, err := Open(context.Background(), path)
		if err != nil {
			b.Fatal(err)
		}
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	c := newCatalog(b)
	for b.Loop() {
		update(b, c, func(tx *Tx) error { return tx.SetMeta("time", []byte(time.Now().String())) })
	}
}
