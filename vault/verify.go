package vault

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"sync"

	"github.com/ipfs/go-cid"
	"golang.org/x/sync/errgroup"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node"
)

// Report is what Verify found.
type Report struct {
	CheckedBlocks int64
	CheckedBytes  int64
	Problems      []Problem
	Lost          []LostPack // that have to be brought back, or sent again
}

// LostPack is a pack that a storage has damaged, or does not have any more.
type LostPack struct {
	format.PackInfo
	Missing bool
}

// Share is a part of all packs, chosen by their digests: from the thousandth From up to, not including, To. It may begin
// anywhere and go on beyond the last one, from the first.
type Share struct{ From, To int }

// Percent is the share that begins with the first thousandth.
func Percent(p int) Share { return Share{0, p * 10} }

// Next is a share as large that begins where this one ends.
func (s Share) Next() Share { return Share{s.To % 1000, s.To%1000 + s.To - s.From} }

func (s Share) has(d format.Digest) bool {
	h := fnv.New32a()
	_, _ = h.Write(d[:]) // a hash takes every write
	at := (int(h.Sum32()%1000) - s.From%1000 + 1000) % 1000
	return at < s.To-s.From
}

// Problem is one thing that is damaged or missing.
type Problem struct {
	What string // in words: "pack bafk…", "a folder in version 12ab…"
	Err  error
}

// Progress is told how far a long check came; done and total count blocks. It may be called from several goroutines.
type Progress func(done, total int64)

// verifyTries bounds how often a check that found damage is made again because a state changed meanwhile: what a commit let
// go of is not missing.
const verifyTries = 3

// Verify proves, from the storage and past every cache: that each device's newest root is pinned and complete, that index
// and links agree, that every snapshot's folders and files lead to packs that are there, and for percent of the packs
// (chosen by digest, all at 100) that every byte opens. Damage is reported; an error means that the check could not be done.
func (v *Vault) Verify(ctx context.Context, percent int, progress Progress) (*Report, error) {
	return v.VerifyShare(ctx, Percent(percent), progress)
}

// VerifyShare is Verify, with a share of the packs that may begin anywhere.
func (v *Vault) VerifyShare(ctx context.Context, share Share, progress Progress) (*Report, error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	for try := 1; ; try++ {
		st, r, err := v.verify(ctx, share, progress)
		if err != nil || len(r.Problems) == 0 || st == nil || try == verifyTries {
			return r, err
		}
		now, err := Find(ctx, v.node, v.bundle)
		if err != nil {
			return nil, err
		}
		if slices.EqualFunc(st.Heads, now.Heads, func(a, b *Head) bool { return a.Root == b.Root }) {
			return r, nil
		}
	}
}

func (v *Vault) verify(ctx context.Context, share Share, progress Progress) (*State, *Report, error) {
	st, err := v.Refresh(ctx)
	if err != nil {
		if IsDamage(err) {
			// The index itself is damaged: say so, and check what can be checked.
			return nil, &Report{Problems: []Problem{{"the index", err}}}, nil
		}
		return nil, nil, err
	}
	c := &checker{v: v, share: share, progress: progress, report: &Report{}, packs: map[format.Digest]format.PackInfo{}, lost: map[format.Digest]bool{}, seen: map[format.ChunkID]bool{}, trees: map[format.ChunkID]counts{}}
	for _, e := range st.Damaged {
		c.problem("a device's state", e)
	}
	for _, h := range st.Heads {
		if err := c.head(ctx, h); err != nil {
			return nil, nil, err
		}
	}
	if err := c.content(ctx); err != nil {
		return nil, nil, err
	}
	for _, h := range st.Heads {
		if err := c.snapshots(ctx, h); err != nil {
			return nil, nil, err
		}
	}
	if c.reindex {
		err = v.cat.Update(ctx, func(tx *catalog.Tx) error { return tx.SetMeta(metaReindex, []byte{1}) })
	}
	return st, c.report, err
}

type checker struct {
	v        *Vault
	share    Share
	progress Progress
	packs    map[format.Digest]format.PackInfo // all that roots link
	reindex  bool                              // this device's own index is damaged

	mu     sync.Mutex // guards below
	report *Report
	lost   map[format.Digest]bool    // report.Lost
	seen   map[format.ChunkID]bool   // lists that were walked
	trees  map[format.ChunkID]counts // what was walked below trees
}

// counts is what is below a tree, counted as a snapshot counts it.
type counts struct {
	files, bytes uint64
	whole        bool // all of it was read
}

func (n *counts) add(o counts) {
	n.files, n.bytes, n.whole = capped(n.files, o.files), capped(n.bytes, o.bytes), n.whole && o.whole
}

// capped adds what a tree may claim to be anything; a count of a snapshot fits 63 bits.
func capped(a, b uint64) uint64 { return a + min(b, math.MaxInt64-a) }

func (c *checker) problem(what string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Problems = append(c.report.Problems, Problem{what, err})
}

func (c *checker) counted(blocks, size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.CheckedBlocks += blocks
	c.report.CheckedBytes += size
}

// head checks one device's root: pinned, its spine readable, and spine and index naming the same packs.
func (c *checker) head(ctx context.Context, h *Head) error {
	v := c.v
	who := fmt.Sprintf("the newest state of %q", h.Name())
	ok, err := v.node.Pinned(ctx, h.Root.DagCID())
	if err != nil {
		return fmt.Errorf("ask what the storage keeps: %w", err)
	}
	if !ok {
		c.problem(who, fmt.Errorf("%w: the storage does not keep it", node.ErrNotPinned))
	}
	indexed := map[format.Digest]format.PackInfo{}
	for _, p := range h.Loose {
		indexed[p.Digest] = p
	}
	for _, ref := range h.Segments {
		seg, err := v.openSegment(ctx, ref)
		if err == nil {
			err = v.entries(ctx, seg, func([]format.IndexEntry) error { return nil })
		}
		if Unusable(err) {
			c.problem("the index of "+who, err)
			for _, p := range ref.Packs {
				indexed[p.Digest] = p
			}
			c.reindex = c.reindex || h.Device == v.Device() && IsDamage(err)
			continue
		}
		if err != nil {
			return err
		}
		for _, p := range slices.Concat(seg.packs, ref.Packs) {
			indexed[p.Digest] = p
		}
	}
	linked := map[format.Digest]bool{}
	get := func(ctx context.Context, id cid.Cid, d format.Digest) ([]byte, error) {
		b, err := getBlock(ctx, v.node, id, d)
		c.counted(1, int64(len(b)))
		return b, err
	}
	err = openSpine(h.root.Packs).leaves(ctx, get, func(l format.Link) error {
		linked[l.Digest] = true
		return nil
	})
	if IsDamage(err) {
		c.problem("the list of packs of "+who, err)
	} else if err != nil {
		return err
	} else {
		for d, p := range indexed {
			if !linked[d] {
				c.problem("pack "+d.RawCID().String(), fmt.Errorf("%w: indexed and not kept by %s", format.ErrDamaged, who))
			}
			c.packs[d] = p
		}
		for d := range linked {
			if _, ok := indexed[d]; !ok {
				c.problem("pack "+d.RawCID().String(), fmt.Errorf("%w: kept and not indexed by %s", format.ErrDamaged, who))
			}
		}
	}
	for d, p := range indexed {
		c.packs[d] = p
	}
	return nil
}

// verifyReaders is how many packs are read at once.
const verifyReaders = 4

// content checks every pack: all for being there with their size, and the chosen share by reading every byte.
func (c *checker) content(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(verifyReaders)
	total := int64(len(c.packs))
	done := int64(0)
	for d, p := range c.packs {
		g.Go(func() error {
			err := c.pack(ctx, d, p)
			c.mu.Lock()
			done++
			n := done
			c.mu.Unlock()
			c.progress(n, total)
			return err
		})
	}
	return g.Wait()
}

func (c *checker) pack(ctx context.Context, d format.Digest, p format.PackInfo) error {
	size, err := c.v.node.Stat(ctx, d.RawCID())
	if err == nil && size != int64(p.Size) {
		err = fmt.Errorf("%w: %d bytes of %d", node.ErrWrongBytes, size, p.Size)
	}
	if err == nil && (p.Type != format.DataPack || c.share.has(d)) {
		if err = c.v.CheckPack(ctx, p); err == nil {
			c.counted(1, int64(p.Size))
		}
	} else if err == nil {
		c.counted(1, 0)
	}
	if err == nil {
		return nil
	}
	if !Unusable(err) {
		return fmt.Errorf("check pack %s: %w", d.RawCID(), err)
	}
	c.problem("pack "+d.RawCID().String(), err)
	if !IsDamage(err) {
		return nil // a newer Roost reads it
	}
	c.mu.Lock()
	c.report.Lost = append(c.report.Lost, LostPack{p, errors.Is(err, node.ErrNotFound)})
	c.lost[d] = true
	c.mu.Unlock()
	return nil
}

// snapshots walks everything that a device's versions reach.
func (c *checker) snapshots(ctx context.Context, h *Head) error {
	one := &State{Heads: []*Head{h}}
	versions, unread, err := c.v.Listed(ctx, one)
	if err != nil {
		return err
	}
	for _, err := range unread {
		c.problem("a list of versions", err)
	}
	for _, x := range versions {
		what := fmt.Sprintf("version %.12s", x.ID)
		s, err := c.v.Snapshot(ctx, x.ID)
		if err == nil {
			err = c.version(ctx, what, x, s)
		}
		if Unusable(err) {
			c.problem(what, err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// version checks a snapshot against what lists it, and walks it. What is wrong with the list does not hide what is wrong
// below.
func (c *checker) version(ctx context.Context, what string, x Version, s *format.Snapshot) error {
	if err := s.Fits(x.Summary, x.FolderID); err != nil {
		c.problem(what, err)
	}
	n, err := c.walk(ctx, what, "", s.Root.Tree, 0)
	if err != nil {
		return err
	}
	// A checkpoint counts what the backup had come to, of which its tree may hold less.
	if s.Complete && n.whole && (n.files != s.Files || n.bytes != s.Bytes) {
		return fmt.Errorf("%w: it says %d files with %d bytes, and holds %d with %d", format.ErrDamaged, s.Files, s.Bytes, n.files, n.bytes)
	}
	return nil
}

// walk checks what is below a tree and counts it, each tree once.
func (c *checker) walk(ctx context.Context, what, path string, tree []byte, depth int) (n counts, err error) {
	if depth > format.MaxDepth {
		return n, fmt.Errorf("%w: folders nested deeper than %d", format.ErrDamaged, format.MaxDepth)
	}
	if n, walked := c.trees[format.ChunkID(tree)]; walked {
		return n, nil
	}
	c.trees[format.ChunkID(tree)] = n
	n.whole = true
	for e, err := range c.v.Entries(ctx, tree) {
		if err != nil {
			return counts{}, err
		}
		name := path + "/" + string(e.Name)
		below := counts{files: 1, bytes: e.Size, whole: true}
		switch e.Type {
		case format.TypeDir:
			below, err = c.walk(ctx, what, name, e.Tree, depth+1)
		case format.TypeFile:
			err = c.file(ctx, e)
		case format.TypeSymlink:
		}
		if Unusable(err) {
			c.problem(what, fmt.Errorf("%q: %w", name, err))
		} else if err != nil {
			return counts{}, err
		}
		n.add(below)
	}
	c.trees[format.ChunkID(tree)] = n
	return n, nil
}

// file checks that every chunk of a file lies in a pack that is linked.
func (c *checker) file(ctx context.Context, e *format.Entry) error {
	if len(e.List) == 32 {
		if c.seen[format.ChunkID(e.List)] {
			return nil
		}
		c.seen[format.ChunkID(e.List)] = true
	}
	for id, err := range c.v.Chunks(ctx, e) {
		if err != nil {
			return err
		}
		p, ok, err := c.v.cat.Chunk(ctx, id.Prefix())
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("%w: a part of it is in no pack", ErrMissing)
		}
		if _, ok := c.packs[p.Digest]; !ok {
			return fmt.Errorf("%w: a part of it is in a pack that nothing keeps", ErrMissing)
		}
		if c.lost[p.Digest] {
			return fmt.Errorf("%w: a part of it is in a damaged pack", ErrMissing)
		}
	}
	return nil
}
