package format

import (
	"bytes"
	"runtime"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func TestAChunkIsKnownByItsKindAndVault(t *testing.T) {
	a, b := NewIDs(Secret{1}), NewIDs(Secret{2})
	data := testBytes(1, 5000)
	id := a.ID(KindData, data)
	if a.ID(KindData, data) != id {
		t.Error("one chunk, two ids")
	}
	if err := a.Check(KindData, id, data); err != nil {
		t.Error(err)
	}
	wantErr(t, "a tree where data is expected", a.Check(KindTree, id, data), ErrDamaged)
	wantErr(t, "in another vault", b.Check(KindData, id, data), ErrDamaged)
	wantErr(t, "other data", a.Check(KindData, id, data[1:]), ErrDamaged)
	// The kind is no part of the content: moving a byte between them gives another chunk.
	if a.ID(KindData, append([]byte{2}, data...)) == a.ID(KindList, data) {
		t.Error("kind and content run into each other")
	}
	if back := must(ParseChunkID(id.String()))(t); back != id {
		t.Error("hex form does not come back")
	}
	for _, s := range []string{"", "00", id.String() + "00", id.String()[:63] + "g", " " + id.String()} {
		if _, err := ParseChunkID(s); err == nil {
			t.Errorf("%q taken for an id", s)
		}
	}
}

func TestIDsAreSafeForConcurrentUse(t *testing.T) {
	ids := NewIDs(Secret{1})
	data := testBytes(3, 20_000)
	want := ids.ID(KindData, data)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if ids.ID(KindData, data) != want {
					t.Error("an id changed under concurrent use")
				}
			}
		})
	}
	wg.Wait()
}

func TestCompressKeepsWhatDoesNotShrink(t *testing.T) {
	for name, c := range map[string]struct {
		plain []byte
		zstd  bool
	}{
		"nothing":      {nil, false},
		"short":        {make([]byte, 63), false},
		"zeros":        {make([]byte, 64), true},
		"random":       {testBytes(1, 100_000), false},
		"text":         {bytes.Repeat([]byte("a line of a log file\n"), 5000), true},
		"gain under 3": {append(testBytes(1, 100_000), make([]byte, 2800)...), false},
		"gain over 3":  {append(testBytes(1, 100_000), make([]byte, 10_000)...), true},
		"a full chunk": {make([]byte, MaxChunk), true},
	} {
		stored, frame := Compress(nil, c.plain)
		if frame != c.zstd {
			t.Errorf("%s: compressed is %v", name, frame)
		}
		if !frame {
			if !bytes.Equal(stored, c.plain) {
				t.Errorf("%s: raw bytes changed", name)
			}
			continue
		}
		if got, err := decompress(nil, stored, len(c.plain)); err != nil || !bytes.Equal(got, c.plain) {
			t.Errorf("%s: did not come back: %v", name, err)
		}
	}
}

// frames that are bombs in one way or another.
func bombs(t testing.TB) map[string][]byte {
	t.Helper()
	enc := func(o ...zstd.EOption) *zstd.Encoder {
		e, err := zstd.NewWriter(nil, o...)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	big := enc().EncodeAll(make([]byte, 64<<20), nil)
	var unknown bytes.Buffer // a stream does not say its length
	w, err := zstd.NewWriter(&unknown)
	if err != nil {
		t.Fatal(err)
	}
	for range 64 {
		_, err = w.Write(make([]byte, 1<<20))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	small := enc().EncodeAll(make([]byte, 1000), nil)
	claims := bytes.Clone(big) // magic ‖ descriptor ‖ …: a length field of 8 bytes that says 2^63
	claims = append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x80}, claims[9:]...)
	window := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff}, small[6:]...) // a window of terabytes
	return map[string][]byte{
		"64 MiB in a frame": big, "64 MiB in a frame of unknown length": unknown.Bytes(),
		"many frames": bytes.Repeat(small, 1000), "2^63 claimed": claims, "a huge window": window,
		"no frame": []byte("not zstd"), "nothing": nil, "half a frame": small[:len(small)/2],
		"a skippable frame of 4 GiB": {0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff},
	}
}

func TestAZstdBombDoesNotExplode(t *testing.T) {
	for name, frame := range bombs(t) {
		for _, want := range []int{1, 1000 - 1, 1000 + 1, MaxChunk} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := decompress(nil, frame, want)
			runtime.ReadMemStats(&after)
			wantErr(t, name, err, ErrDamaged)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
				t.Errorf("%s as %d bytes allocated %d", name, want, grown)
			}
		}
	}
	// Nothing at all is the one thing that nothing may claim to be.
	if got, err := decompress(nil, nil, 0); err != nil || len(got) != 0 {
		t.Errorf("an empty body: %q, %v", got, err)
	}
}

func TestABombInsideAPackIsDamage(t *testing.T) {
	k := testKeys(1, 1)
	for name, frame := range bombs(t) {
		b := NewBuilder(DataPack)
		b.Add(KindData, ChunkID{}, 1500, true, frame)
		raw := must(b.Seal(k.Vault, k.Current(), b.PaddedSize(MinPackSize)))(t)
		s := must(Open(raw, DataPack, k.Vault, k.Epochs))(t)
		_, err := s.Body(0)
		wantErr(t, name, err, ErrDamaged)
	}
}

func FuzzDecompress(f *testing.F) {
	for _, b := range bombs(f) {
		f.Add(b, uint32(1000))
	}
	f.Fuzz(func(t *testing.T, data []byte, want uint32) {
		want %= MaxChunk + 1
		if out, err := decompress(nil, data, int(want)); err == nil && len(out) != int(want) {
			t.Fatalf("%d bytes instead of %d", len(out), want)
		}
	})
}

func BenchmarkID128KiB(b *testing.B) {
	ids, data := NewIDs(Secret{1}), testBytes(1, ChunkNormal)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		ids.ID(KindData, data)
	}
}

func BenchmarkID1KiB(b *testing.B) {
	ids, data := NewIDs(Secret{1}), testBytes(1, 1024)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		ids.ID(KindData, data)
	}
}

func BenchmarkCompressRandom(b *testing.B) {
	data, dst := testBytes(1, ChunkNormal), make([]byte, 0, ChunkNormal*2)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		Compress(dst, data)
	}
}

func BenchmarkCompressText(b *testing.B) {
	data := bytes.Repeat([]byte("the quick brown fox jumps over the lazy dog 0123456789\n"), 2400)
	dst := make([]byte, 0, ChunkNormal*2)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		Compress(dst, data)
	}
}
