package format

import (
	"bytes"
	"reflect"
	"slices"
	"testing"
)

func testSegment() *Segment {
	return &Segment{
		Chunks: 3, Packs: 2,
		Tables: []Part{{Pack: Digest{1}, ID: ChunkID{2}}},
		Entries: []Part{
			{First: bytes.Repeat([]byte{1}, 16), Pack: Digest{1}, ID: ChunkID{3}},
			{First: bytes.Repeat([]byte{1}, 16), Pack: Digest{1}, ID: ChunkID{4}}, // one prefix may span two parts
		},
	}
}

func TestAnIndexComesBackAsItWas(t *testing.T) {
	seg := testSegment()
	got := must(DecodeSegment(EncodeSegment(seg)))(t)
	seg.Tables[0].First = []byte{}
	if !reflect.DeepEqual(got, seg) {
		t.Errorf("got %+v", got)
	}
	packs := []PackInfo{{Digest: Digest{1}, Type: DataPack, Size: PackSize}, {Digest: Digest{2}, Type: MetaPack, Size: MinPackSize}, {Type: IndexPack, Size: MaxBlockSize}}
	if got := must(DecodePackTable(EncodePackTable(packs)))(t); !reflect.DeepEqual(got, packs) {
		t.Errorf("got %+v", got)
	}
	entries := []IndexEntry{{Prefix: [16]byte{2}, Pack: 1}, {Prefix: [16]byte{1}, Pack: 1}, {Prefix: [16]byte{1}, Pack: 0}}
	SortEntries(entries)
	if entries[0].Pack != 0 || entries[1].Pack != 1 || entries[2].Prefix[0] != 2 {
		t.Errorf("sorted: %v", entries)
	}
	if got := must(DecodeEntries(EncodeEntries(entries), 2))(t); !reflect.DeepEqual(got, entries) {
		t.Errorf("got %+v", got)
	}
}

func TestOneSetOfEntriesIsOneIndex(t *testing.T) {
	var entries []IndexEntry
	for i := range uint32(200) {
		entries = append(entries, IndexEntry{Prefix: [16]byte{byte(i % 3)}, Pack: i})
	}
	back := slices.Clone(entries)
	slices.Reverse(back)
	SortEntries(entries)
	SortEntries(back)
	if !slices.Equal(entries, back) {
		t.Error("the order of arrival shows in the index")
	}
}

func TestAFullPartFitsOneChunk(t *testing.T) {
	if n := len(EncodeEntries(make([]IndexEntry, IndexEntriesPerChunk))); n > MaxChunk {
		t.Errorf("entries: %d bytes", n)
	}
	if n := len(EncodePackTable(make([]PackInfo, IndexPacksPerChunk))); n > MaxChunk {
		t.Errorf("table: %d bytes", n)
	}
	if n := len(EncodeList(0, make([]ListItem, MaxListItems))); n > MaxChunk {
		t.Errorf("list: %d bytes", n)
	}
}

func TestIndexesThatMakeNoSenseAreRefused(t *testing.T) {
	for what, change := range map[string]func(*Segment){
		"falling parts":        func(s *Segment) { s.Entries[1].First = make([]byte, 16) },
		"a short first":        func(s *Segment) { s.Entries[0].First = make([]byte, 15) },
		"a table with a first": func(s *Segment) { s.Tables[0].First = make([]byte, 16) },
		"too many packs":       func(s *Segment) { s.Packs = IndexPacksPerChunk + 1 },
		"too many chunks":      func(s *Segment) { s.Chunks = 2*IndexEntriesPerChunk + 1 },
		"2^64-1 chunks":        func(s *Segment) { s.Chunks = 1<<64 - 1 },
	} {
		s := testSegment()
		change(s)
		_, err := DecodeSegment(EncodeSegment(s))
		wantErr(t, what, err, ErrDamaged)
	}
	good := EncodePackTable([]PackInfo{{Type: DataPack, Size: PackSize}})
	for what, b := range map[string][]byte{
		"half a row":      good[:30],
		"a byte behind":   append(bytes.Clone(good), 0),
		"no type":         EncodePackTable([]PackInfo{{Size: PackSize}}),
		"a head as pack":  EncodePackTable([]PackInfo{{Type: HeadObject, Size: PackSize}}),
		"4 GiB":           EncodePackTable([]PackInfo{{Type: DataPack, Size: 1<<32 - 1}}),
		"a pack of 0":     EncodePackTable([]PackInfo{{Type: DataPack}}),
		"over the limits": EncodePackTable([]PackInfo{{Type: DataPack, Size: MaxBlockSize + 1}}),
	} {
		_, err := DecodePackTable(b)
		wantErr(t, what, err, ErrDamaged)
	}
	for what, e := range map[string][]IndexEntry{
		"an unknown pack": {{Pack: 2}},
		"pack 2^32-1":     {{Pack: 1<<32 - 1}},
		"falling":         {{Prefix: [16]byte{1}}, {}},
	} {
		_, err := DecodeEntries(EncodeEntries(e), 2)
		wantErr(t, what, err, ErrDamaged)
	}
	_, err := DecodeEntries(make([]byte, 19), 2)
	wantErr(t, "half an entry", err, ErrDamaged)
}

func FuzzDecodeSegment(f *testing.F) {
	f.Add(EncodeSegment(testSegment()))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := DecodeSegment(b)
		if err != nil {
			return
		}
		if _, err := DecodeSegment(EncodeSegment(s)); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzDecodePackTable(f *testing.F) {
	f.Add(EncodePackTable([]PackInfo{{Type: DataPack, Size: PackSize}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := DecodePackTable(b); err == nil && !bytes.Equal(EncodePackTable(p), b) {
			t.Fatal("a table with two encodings")
		}
	})
}

func FuzzDecodeEntries(f *testing.F) {
	f.Add(EncodeEntries([]IndexEntry{{Pack: 1}}), uint64(2))
	f.Fuzz(func(t *testing.T, b []byte, packs uint64) {
		if e, err := DecodeEntries(b, packs); err == nil && !bytes.Equal(EncodeEntries(e), b) {
			t.Fatal("entries with two encodings")
		}
	})
}
