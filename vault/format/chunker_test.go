package format

import (
	"bytes"
	"slices"
	"testing"
)

// cuts are the lengths of all chunks of data.
func cuts(c *Chunker, data []byte) (out []int) {
	for len(data) > 0 {
		n := c.Cut(data)
		out = append(out, n)
		data = data[n:]
	}
	return out
}

func TestCutStaysWithinItsLimits(t *testing.T) {
	c := NewChunker(Secret{1})
	for _, data := range [][]byte{testBytes(1, 20<<20), make([]byte, 3<<20), bytes.Repeat([]byte("ab"), 1<<20), testBytes(2, ChunkMin), testBytes(2, ChunkMin+1), {1}} {
		total := 0
		all := cuts(c, data)
		for i, n := range all {
			if n > ChunkMax || n < 1 || (n < ChunkMin && i != len(all)-1) {
				t.Fatalf("chunk %d of %d has %d bytes", i, len(all), n)
			}
			total += n
		}
		if total != len(data) {
			t.Fatalf("%d bytes of %d in chunks", total, len(data))
		}
	}
	if c.Cut(nil) != 0 {
		t.Error("cut something from nothing")
	}
}

// TestTheTextsChunkerIsThisOne cuts as FORMAT.md says it, word for word.
func TestTheTextsChunkerIsThisOne(t *testing.T) {
	c := NewChunker(Secret{3})
	cut := func(data []byte) int {
		if len(data) <= 32768 {
			return len(data)
		}
		end, h := min(len(data), 524288), uint64(0)
		for i := 32768; i <= end-1; i++ {
			h = h<<1 + c.gear[data[i]]
			mask := uint64(0xfffe000000000000)
			if i < 131072 {
				mask = 0xffffe00000000000
			}
			if h&mask == 0 {
				return i + 1
			}
		}
		return end
	}
	for rest := testBytes(9, 6<<20); len(rest) > 0; {
		n := c.Cut(rest)
		if want := cut(rest); n != want {
			t.Fatalf("cut at %d, the text says %d", n, want)
		}
		rest = rest[n:]
	}
}

func TestCutSeesOnlyTheBytesThatItMayCut(t *testing.T) {
	c := NewChunker(Secret{1})
	data := testBytes(4, 8<<20)
	for off := 0; off < len(data)-ChunkMax; off += 100_000 {
		n := c.Cut(data[off : off+ChunkMax])
		if m := c.Cut(data[off:]); m != n {
			t.Fatalf("more bytes behind moved a cut from %d to %d", n, m)
		}
	}
}

func TestChunksAreNear128KiB(t *testing.T) {
	c := NewChunker(Secret{1})
	all := cuts(c, testBytes(5, 64<<20))
	mean := 64 << 20 / len(all)
	if mean < 112<<10 || mean > 160<<10 {
		t.Errorf("chunks have %d KiB on average", mean>>10)
	}
	slices.Sort(all)
	if median := all[len(all)/2]; median < 112<<10 || median > 160<<10 {
		t.Errorf("the median chunk has %d KiB", median>>10)
	}
	if huge := all[len(all)*98/100]; huge > 384<<10 {
		t.Errorf("one chunk in fifty has over %d KiB", huge>>10)
	}
}

func TestOneInsertedByteChangesAtMostThreeChunks(t *testing.T) {
	c := NewChunker(Secret{1})
	ids := NewIDs(Secret{1})
	set := func(data []byte) map[ChunkID]bool {
		out := map[ChunkID]bool{}
		for _, n := range cuts(c, data) {
			out[ids.ID(KindData, data[:n])] = true
			data = data[n:]
		}
		return out
	}
	data := testBytes(6, 8<<20)
	before := set(data)
	for _, at := range []int{0, 1, 40_000, 1 << 20, 3_333_333, 8<<20 - 1} {
		for what, changed := range map[string][]byte{
			"inserted": slices.Concat(data[:at], []byte{0x55}, data[at:]),
			"deleted":  slices.Concat(data[:at], data[at+1:]),
			"replaced": slices.Concat(data[:at], []byte{data[at] ^ 1}, data[at+1:]),
		} {
			fresh := 0
			for id := range set(changed) {
				if !before[id] {
					fresh++
				}
			}
			if fresh > 3 {
				t.Errorf("a byte %s at %d changed %d chunks", what, at, fresh)
			}
		}
	}
}

func TestTwoVaultsCutTheSameFileDifferently(t *testing.T) {
	data := testBytes(7, 16<<20)
	ends := func(c *Chunker) map[int]bool {
		out, at := map[int]bool{}, 0
		for _, n := range cuts(c, data) {
			at += n
			out[at] = true
		}
		delete(out, len(data))
		return out
	}
	a, b := ends(NewChunker(Secret{1})), ends(NewChunker(Secret{2}))
	same := 0
	for at := range a {
		if b[at] {
			same++
		}
	}
	if same > 1 { // about 100 cuts among 16 million places
		t.Errorf("%d of %d cuts are the same in two vaults", same, len(a))
	}
}

func BenchmarkCut(b *testing.B) {
	c, data := NewChunker(Secret{1}), testBytes(1, 16<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		for rest := data; len(rest) > 0; {
			rest = rest[c.Cut(rest):]
		}
	}
}

// BenchmarkCutZeros never finds a cut, as in a file without content.
func BenchmarkCutZeros(b *testing.B) {
	c, data := NewChunker(Secret{1}), make([]byte, 16<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		for rest := data; len(rest) > 0; {
			rest = rest[c.Cut(rest):]
		}
	}
}
