package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"roost/vault/format"
)

// shelf is packs of one large and one small chunk each, behind a cache with room for few.
type shelf struct {
	*packCache
	refs    []packRef
	large   []format.ChunkID
	small   []format.ChunkID
	vault   format.VaultID
	epochs  []format.Epoch
	plain   map[format.ChunkID][]byte
	fetches atomic.Int64
}

func newShelf(t *testing.T, packs int) *shelf {
	t.Helper()
	e, err := NewEntropy()
	if err != nil {
		t.Fatal(err)
	}
	k := format.DeriveKeys(e, 1)
	ids := format.NewIDs(k.ChunkID)
	s := &shelf{vault: k.Vault, epochs: k.Epochs, plain: map[format.ChunkID][]byte{}}
	blocks := map[packRef][]byte{}
	for range packs {
		pack := format.NewBuilder(format.DataPack)
		for _, size := range []int{200 << 10, 1 << 10} {
			plain := make([]byte, size)
			rand.Read(plain) // never fails
			id := ids.ID(format.KindData, plain)
			pack.Add(format.KindData, id, size, false, plain)
			s.plain[id] = plain
			if size > 1<<10 {
				s.large = append(s.large, id)
			} else {
				s.small = append(s.small, id)
			}
		}
		block, err := pack.Seal(k.Vault, k.Current(), 256<<10)
		if err != nil {
			t.Fatal(err)
		}
		ref := packRef{format.Sum(block), format.DataPack}
		s.refs = append(s.refs, ref)
		blocks[ref] = block
	}
	s.packCache = newPackCache(func(_ context.Context, ref packRef) (*openPack, error) {
		s.fetches.Add(1)
		sealed, err := format.Open(blocks[ref], ref.typ, k.Vault, k.Epochs)
		if err != nil {
			return nil, err
		}
		return newOpenPack(sealed), nil
	})
	s.most = 2 << 20
	return s
}

// read reads a chunk as a vault does.
func (s *shelf) read(ref packRef, id format.ChunkID) error {
	p, release, err := s.holding(context.Background(), ref, id)
	if err != nil {
		return err
	}
	defer release()
	i := p.at[id]
	got, err := p.Body(i)
	if err == nil && !bytes.Equal(got, s.plain[id]) {
		err = errors.New("other bytes")
	}
	if err == nil {
		s.used(ref, p.Bodies[i], i)
	}
	return err
}

// check wants the cache to hold no more than it may, and to know how much that is.
func (s *shelf) check(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	size := 0
	for el := s.order.Front(); el != nil; el = el.Next() {
		size += el.Value.(*packEntry).size
	}
	if size != s.size || size > s.most || len(s.entries) != s.order.Len() {
		t.Errorf("%d entries, %d in order, of %d bytes, counted as %d; room for %d", len(s.entries), s.order.Len(), size, s.size, s.most)
	}
}

func TestEveryPackIsFetchedOnceWhenItsReadsAreExpected(t *testing.T) {
	for _, known := range []bool{true, false} {
		s := newShelf(t, 40)
		if known {
			for _, id := range slices.Concat(s.large, s.small) {
				s.expect(id)
			}
		}
		for _, round := range [][]format.ChunkID{s.large, s.small} {
			for i, id := range round {
				if err := s.read(s.refs[i], id); err != nil {
					t.Fatal(err)
				}
			}
			s.check(t)
		}
		want := int64(40)
		if !known {
			want = 80 // 40 packs apart, there is no room for what nobody announced
		}
		if n := s.fetches.Load(); n != want {
			t.Errorf("announced %v: %d fetches, want %d", known, n, want)
		}
		if known && s.order.Len() != 0 {
			t.Errorf("%d packs stay that nobody reads again", s.order.Len())
		}
	}
}

func TestAPartOfAPackIsNotTakenForThePack(t *testing.T) {
	s := newShelf(t, 40)
	for _, id := range s.small {
		s.expect(id)
	}
	for i, id := range s.large {
		if err := s.read(s.refs[i], id); err != nil {
			t.Fatal(err)
		}
	}
	if p, release, err := s.holding(t.Context(), s.refs[0], s.small[0]); err != nil || !p.Partial() {
		t.Fatalf("the oldest pack is whole (%v)", err)
	} else {
		release()
	}
	before := s.fetches.Load()
	if err := s.read(s.refs[0], s.large[0]); err != nil { // once more than was expected
		t.Error(err)
	}
	if p, err := s.get(t.Context(), s.refs[1]); err != nil || p.Partial() || p.CheckPadding() != nil {
		t.Errorf("a pack came back as a part of it (%v)", err)
	}
	if n := s.fetches.Load() - before; n != 2 {
		t.Errorf("%d packs were fetched again, want 2", n)
	}
	s.forget()
	for i, id := range s.small {
		if err := s.read(s.refs[i], id); err != nil {
			t.Error(err)
		}
	}
	s.check(t)
}

// A copy is read in the order of the first: what was read longest ago is needed soonest.
func TestASecondCopyLargerThanTheCacheFindsItsBeginningThere(t *testing.T) {
	s := newShelf(t, 20) // eight packs have room
	for range 2 {
		for _, id := range s.large {
			s.expect(id)
		}
	}
	for range 2 {
		for i, id := range s.large {
			if err := s.read(s.refs[i], id); err != nil {
				t.Fatal(err)
			}
			s.check(t)
		}
	}
	if n := s.fetches.Load(); n > 35 {
		t.Errorf("%d packs were fetched; 40 if the one used longest ago went first, and 32 at best", n)
	}
	if len(s.home) != 0 || s.order.Len() != 0 {
		t.Errorf("%d chunks and %d packs stay that nobody reads again", len(s.home), s.order.Len())
	}
}

func TestReadersInAnyOrderGetTheirBytes(t *testing.T) {
	s := newShelf(t, 30)
	type want struct {
		ref packRef
		id  format.ChunkID
	}
	var all []want
	for i, ref := range s.refs {
		for _, id := range []format.ChunkID{s.large[i], s.small[i], s.small[i]} {
			all = append(all, want{ref, id})
			if i%3 > 0 { // a third is read without a word
				s.expect(id)
			}
		}
	}
	mathrand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var wg sync.WaitGroup
	for part := range slices.Chunk(all, len(all)/8) {
		wg.Go(func() {
			for _, w := range part {
				if err := s.read(w.ref, w.id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	s.mu.Lock()
	s.shrink()
	s.mu.Unlock()
	s.check(t)
	if len(s.expected) != 0 {
		t.Errorf("%d chunks are still expected", len(s.expected))
	}
}

// Who reads a pack while the cache lets it go still reads that pack: its memory is another's only afterwards.
func TestThePackThatSomebodyReadsKeepsItsMemory(t *testing.T) {
	s := newShelf(t, 24)
	fetch := s.fetch
	s.fetch = func(ctx context.Context, ref packRef) (*openPack, error) { // each time into memory of its own, as from a storage
		p, err := fetch(ctx, ref)
		if err != nil {
			return nil, err
		}
		again, err := format.Open(slices.Clone(p.Memory()), ref.typ, s.vault, s.epochs)
		if err != nil {
			return nil, err
		}
		return newOpenPack(again), nil
	}
	var given atomic.Int64
	s.recycle = func(b []byte) {
		if b != nil {
			given.Add(1)
		}
		clear(b) // what reads it now fails
	}
	s.most = 1 << 20 // with room for four, and eight readers
	whole, err := s.get(t.Context(), s.refs[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.large {
		s.expect(s.large[i])
		s.expect(s.small[i])
	}
	var readers sync.WaitGroup
	for r := range 8 {
		readers.Go(func() {
			random := mathrand.New(mathrand.NewPCG(1, uint64(r)))
			for range 300 {
				i := random.IntN(len(s.refs))
				id := s.large[i]
				if random.IntN(2) == 0 {
					id = s.small[i]
				}
				if err := s.read(s.refs[i], id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	readers.Wait()
	s.check(t)
	if given.Load() < 100 {
		t.Errorf("the memory of %d packs was used again, of %d that were fetched", given.Load(), s.fetches.Load())
	}
	if _, err := whole.Body(0); err != nil || whole.CheckPadding() != nil {
		t.Errorf("a pack that was asked for whole: %v", err)
	}
}
