package format

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

func id32(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

// testTree has every kind of entry and every field.
func testTree() *Tree {
	return &Tree{Entries: []Entry{
		{Name: []byte("dir"), Type: TypeDir, Mode: 0o755, MTime: -1, Tree: id32(1), Owner: &Owner{UID: 1000, GID: 0}},
		{Name: []byte("empty"), Type: TypeFile, Mode: 0o600, MTime: 1},
		{Name: []byte("file"), Type: TypeFile, Mode: 0o4755, MTime: 1_700_000_000, MNano: 999_999_999, Size: 70_000, Chunks: append(id32(2), id32(3)...), Link: []byte("8 bytes!")},
		{Name: []byte("hole"), Type: TypeFile, Size: 1 << 40, Holes: []Hole{{Off: 0, Len: 1 << 40}}},
		{Name: []byte("link"), Type: TypeSymlink, Mode: 0o777, Target: []byte("../elsewhere")},
		{Name: []byte("long"), Type: TypeFile, Size: 1 << 40, List: id32(4), Xattrs: []Xattr{{Name: []byte("user.a"), Value: []byte("v")}}},
		{Name: []byte("sparse"), Type: TypeFile, Size: 10_000, Chunks: id32(5), Holes: []Hole{{Off: 0, Len: 4096}, {Off: 4096, Len: 1}, {Off: 9999, Len: 1}}},
		{Name: []byte{0xff, 0xfe, '\\', ':'}, Type: TypeFile},
	}}
}

func TestATreeComesBackAsItWas(t *testing.T) {
	want := testTree()
	b := EncodeTree(want)
	got := must(DecodeTree(b))(t)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if again := EncodeTree(got); !bytes.Equal(again, b) {
		t.Error("the same tree has two encodings")
	}
	for i := range want.Entries {
		e := must(DecodeEntry(EncodeEntry(&want.Entries[i])))(t)
		if !reflect.DeepEqual(*e, want.Entries[i]) {
			t.Errorf("entry alone: %+v", e)
		}
	}
	branches := &Tree{Branches: []Branch{{First: []byte("a"), Node: id32(1)}, {First: []byte("b"), Node: id32(2)}}}
	if got := must(DecodeTree(EncodeTree(branches)))(t); !reflect.DeepEqual(got, branches) {
		t.Errorf("branches: %+v", got)
	}
	if got := must(DecodeTree(EncodeTree(&Tree{})))(t); len(got.Entries)+len(got.Branches) != 0 {
		t.Errorf("an empty directory: %+v", got)
	}
}

func TestJoinedEntriesAreTheTree(t *testing.T) {
	tree := testTree()
	for n := range len(tree.Entries) + 1 {
		part := &Tree{Entries: tree.Entries[:n]}
		var entries [][]byte
		for i := range part.Entries {
			entries = append(entries, EncodeEntry(&part.Entries[i]))
		}
		if !bytes.Equal(JoinEntries(entries), EncodeTree(part)) {
			t.Errorf("%d entries joined are another tree", n)
		}
	}
}

func TestNilAndEmptyAreOneEncoding(t *testing.T) {
	a := EncodeTree(&Tree{Branches: []Branch{{First: nil, Node: nil}}})
	b := EncodeTree(&Tree{Branches: []Branch{{First: []byte{}, Node: []byte{}}}})
	if !bytes.Equal(a, b) {
		t.Errorf("%x and %x", a, b)
	}
	if bytes.IndexByte(encode(Head{}), 0xf6) >= 0 {
		t.Error("a head holds null")
	}
}

func TestNamesThatNoDirectoryHoldsAreRefused(t *testing.T) {
	for what, name := range map[string]string{
		"none": "", "dot": ".", "dot dot": "..", "absolute": "/etc/passwd", "a path": "a/b", "climbing": "../x", "a slash": "/",
		"ends in a slash": "a/", "NUL": "a\x00b", "only NUL": "\x00", "too long": string(make([]byte, 4097)),
	} {
		e := Entry{Name: []byte(name), Type: TypeFile}
		_, err := DecodeTree(EncodeTree(&Tree{Entries: []Entry{e}}))
		wantErr(t, what, err, ErrDamaged)
		_, err = DecodeTree(EncodeTree(&Tree{Branches: []Branch{{First: []byte(name), Node: id32(1)}}}))
		wantErr(t, what+" of a branch", err, ErrDamaged)
		if name != "" { // a folder's own entry has none
			_, err = DecodeEntry(EncodeEntry(&e))
			wantErr(t, what+" alone", err, ErrDamaged)
		}
	}
	for _, name := range []string{"...", "..a", " ", "a.", "-rf", "nul", "con", "a\\b", "C:", "file:stream", "\xff\xfe", "\n", "é", "e\u0301"} {
		if _, err := DecodeTree(EncodeTree(&Tree{Entries: []Entry{{Name: []byte(name), Type: TypeFile}}})); err != nil {
			t.Errorf("%q is a name on some system: %v", name, err)
		}
	}
}

func TestTreesThatContradictThemselvesAreRefused(t *testing.T) {
	file := func(change func(*Entry)) Tree {
		e := Entry{Name: []byte("f"), Type: TypeFile}
		change(&e)
		return Tree{Entries: []Entry{e}}
	}
	many := make([]Hole, MaxHoles+1)
	for i := range many {
		many[i] = Hole{Off: uint64(i) * 2, Len: 1}
	}
	for what, tree := range map[string]Tree{
		"two equal names":   {Entries: []Entry{{Name: []byte("a"), Type: TypeFile}, {Name: []byte("a"), Type: TypeFile}}},
		"falling names":     {Entries: []Entry{{Name: []byte("b"), Type: TypeFile}, {Name: []byte("a"), Type: TypeFile}}},
		"entries, branches": {Entries: []Entry{{Name: []byte("a"), Type: TypeFile}}, Branches: []Branch{{First: []byte("a"), Node: id32(1)}}},
		"equal branches":    {Branches: []Branch{{First: []byte("a"), Node: id32(1)}, {First: []byte("a"), Node: id32(2)}}},
		"short branch id":   {Branches: []Branch{{First: []byte("a"), Node: id32(1)[:31]}}},
		"no type":           file(func(e *Entry) { e.Type = 0 }),
		"unknown type":      file(func(e *Entry) { e.Type = 4 }),
		"mode bits":         file(func(e *Entry) { e.Mode = 0o10000 }),
		"nanoseconds":       file(func(e *Entry) { e.MNano = 1e9 }),
		"half an id":        file(func(e *Entry) { e.Size = 10; e.Chunks = make([]byte, 48) }),
		"33 chunks":         file(func(e *Entry) { e.Size = 33 << 15; e.Chunks = make([]byte, 33*32) }),
		"chunks and list":   file(func(e *Entry) { e.Size = 10; e.Chunks = id32(1); e.List = id32(2) }),
		"short list id":     file(func(e *Entry) { e.Size = 10; e.List = id32(1)[:31] }),
		"list of nothing":   file(func(e *Entry) { e.List = id32(1) }),
		"size, no chunks":   file(func(e *Entry) { e.Size = 1 }),
		"chunks, no size":   file(func(e *Entry) { e.Chunks = id32(1) }),
		"one chunk, 1 TiB":  file(func(e *Entry) { e.Size = 1 << 40; e.Chunks = id32(1) }),
		"2 chunks, 1 byte":  file(func(e *Entry) { e.Size = 1; e.Chunks = make([]byte, 64) }),
		"size 2^63":         file(func(e *Entry) { e.Size = 1 << 63; e.List = id32(1) }),
		"size 2^64-1":       file(func(e *Entry) { e.Size = math.MaxUint64; e.List = id32(1) }),
		"hole 2^64-1":       file(func(e *Entry) { e.Size = 10; e.Holes = []Hole{{Off: 0, Len: math.MaxUint64}} }),
		"hole overflows":    file(func(e *Entry) { e.Size = 10; e.Holes = []Hole{{Off: 5, Len: math.MaxUint64 - 2}} }),
		"hole behind end":   file(func(e *Entry) { e.Size = 10; e.Holes = []Hole{{Off: 11, Len: 1}} }),
		"hole over end":     file(func(e *Entry) { e.Size = 10; e.Holes = []Hole{{Off: 0, Len: 11}} }),
		"empty hole":        file(func(e *Entry) { e.Holes = []Hole{{}} }),
		"holes overlap":     file(func(e *Entry) { e.Size = 10; e.Holes = []Hole{{Off: 0, Len: 6}, {Off: 5, Len: 5}} }),
		"holes fall":        file(func(e *Entry) { e.Size = 10; e.Holes = []Hole{{Off: 5, Len: 5}, {Off: 0, Len: 5}} }),
		"too many holes":    file(func(e *Entry) { e.Size = 2*MaxHoles + 1; e.Holes = many }),
		"hole and no rest":  file(func(e *Entry) { e.Size = 10; e.Holes = []Hole{{Off: 0, Len: 9}} }),
		"file with target":  file(func(e *Entry) { e.Target = []byte("x") }),
		"file with tree":    file(func(e *Entry) { e.Tree = id32(1) }),
		"long hard link":    file(func(e *Entry) { e.Link = make([]byte, 9) }),
		"short hard link":   file(func(e *Entry) { e.Link = make([]byte, 7) }),
		"xattr, no name":    file(func(e *Entry) { e.Xattrs = []Xattr{{}} }),
		"xattr with NUL":    file(func(e *Entry) { e.Xattrs = []Xattr{{Name: []byte("a\x00")}} }),
		"dir, no tree":      file(func(e *Entry) { e.Type = TypeDir }),
		"dir, short tree":   file(func(e *Entry) { e.Type = TypeDir; e.Tree = id32(1)[:31] }),
		"dir with chunks":   file(func(e *Entry) { e.Type = TypeDir; e.Tree = id32(1); e.Chunks = id32(1) }),
		"dir with size":     file(func(e *Entry) { e.Type = TypeDir; e.Tree = id32(1); e.Size = 1 }),
		"symlink to none":   file(func(e *Entry) { e.Type = TypeSymlink }),
		"symlink with NUL":  file(func(e *Entry) { e.Type = TypeSymlink; e.Target = []byte("a\x00") }),
		"symlink with list": file(func(e *Entry) { e.Type = TypeSymlink; e.Target = []byte("a"); e.List = id32(1) }),
	} {
		_, err := DecodeTree(EncodeTree(&tree))
		wantErr(t, what, err, ErrDamaged)
	}
}

func TestListsThatDoNotAddUpAreRefused(t *testing.T) {
	item := func(n uint64) ListItem { return ListItem{ID: ChunkID{1}, Size: n} }
	good := []ListItem{item(1), item(MaxChunk)}
	level, items, err := DecodeList(EncodeList(0, good))
	if err != nil || level != 0 || !reflect.DeepEqual(items, good) {
		t.Fatalf("level %d, %v, %v", level, items, err)
	}
	if level, _, err := DecodeList(EncodeList(MaxListLevel, []ListItem{item(1 << 50)})); err != nil || level != MaxListLevel {
		t.Fatalf("level %d: %v", level, err)
	}
	for what, b := range map[string][]byte{
		"nothing": nil, "no items": EncodeList(0, nil), "half an item": EncodeList(0, good)[:60],
		"too deep":               EncodeList(MaxListLevel+1, good),
		"level 255":              EncodeList(255, good),
		"an empty chunk":         EncodeList(0, []ListItem{item(0)}),
		"a chunk over the limit": EncodeList(0, []ListItem{item(MaxChunk + 1)}),
		"a size of 2^63":         EncodeList(1, []ListItem{item(1 << 63)}),
		"sizes that overflow":    EncodeList(1, []ListItem{item(1 << 62), item(1 << 62)}),
		"sizes that wrap":        EncodeList(1, []ListItem{item(math.MaxUint64), item(1)}),
		"too many items":         EncodeList(0, bytesOfItems(MaxListItems+1)),
	} {
		_, _, err := DecodeList(b)
		wantErr(t, what, err, ErrDamaged)
	}
	if _, items, err := DecodeList(EncodeList(0, bytesOfItems(MaxListItems))); err != nil || len(items) != MaxListItems {
		t.Errorf("a full list: %d items, %v", len(items), err)
	}
}

func bytesOfItems(n int) []ListItem {
	out := make([]ListItem, n)
	for i := range out {
		out[i] = ListItem{Size: 1}
	}
	return out
}

// cborTricks are encodings that a lenient parser takes, as values of key 1 of a map or alone.
func cborTricks() map[string][]byte {
	deep := append(bytes.Repeat([]byte{0x81}, 1<<16), 0x80)
	return map[string][]byte{
		"nothing":            {},
		"a duplicate key":    {0xa2, 0x01, 0x80, 0x01, 0x80},
		"an unknown dup key": {0xa2, 0x18, 0x63, 0x00, 0x18, 0x63, 0x00},
		"indefinite map":     {0xbf, 0x01, 0x80, 0xff},
		"indefinite array":   {0xa1, 0x01, 0x9f, 0xff},
		"indefinite string":  {0xa1, 0x18, 0x63, 0x5f, 0x41, 0x00, 0xff},
		"a tag":              {0xc0, 0xa0},
		"a bignum":           {0xa1, 0x18, 0x63, 0xc2, 0x41, 0x01},
		"deep nesting":       append([]byte{0xa1, 0x18, 0x63}, deep...),
		"2^64-1 elements":    {0xa1, 0x01, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"2^32 pairs":         {0xbb, 0, 0, 0, 1, 0, 0, 0, 0},
		"a string of 2^63":   {0xa1, 0x01, 0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"bytes behind":       {0xa0, 0x00},
		"a cut map":          {0xa1},
		"a reserved length":  {0xbc},
		"an array for a map": {0x80},
		"a number for a map": {0x00},
		"a million elements": append([]byte{0xa1, 0x01, 0x9a, 0x00, 0x0f, 0x42, 0x40}, bytes.Repeat([]byte{0xa0}, 1_000_000)...),
	}
}

func TestCBORTricksAreRefusedEverywhere(t *testing.T) {
	for what, b := range cborTricks() {
		for name, decode := range map[string]func([]byte) error{
			"tree":     func(b []byte) error { _, err := DecodeTree(b); return err },
			"entry":    func(b []byte) error { _, err := DecodeEntry(b); return err },
			"snapshot": func(b []byte) error { _, err := DecodeSnapshot(b); return err },
			"segment":  func(b []byte) error { _, err := DecodeSegment(b); return err },
			"head":     func(b []byte) error { return decode("head", b, &Head{}) },
			"keyring":  func(b []byte) error { return decode("keyring", b, &keyringBody{}) },
			"marker":   func(b []byte) error { return decode("marker", b, &Marker{}) },
		} {
			wantErr(t, name+": "+what, decode(b), ErrDamaged)
		}
	}
	_, err := DecodeSummaries([]byte{0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 1)
	wantErr(t, "2^64-1 summaries", err, ErrDamaged)
}

func TestIdentifiersHaveExactlyTheirLength(t *testing.T) {
	for _, n := range []int{0, 1, 15, 17, 31, 33, 300} {
		b, err := cbor.Marshal(make([]byte, n))
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range map[string]any{
			"vault": &VaultID{}, "device": &DeviceID{}, "folder": &FolderID{}, "digest": &Digest{}, "chunk": &ChunkID{}, "secret": &Secret{},
		} {
			wantErr(t, name, decode(name, b, v), ErrDamaged)
		}
	}
	for _, b := range [][]byte{{0xf6}, {0x80}, append([]byte{0x90}, make([]byte, 16)...), append([]byte{0x58, 16}, make([]byte, 16)...)} {
		wantErr(t, "no byte string of 16", decode("id", b, &VaultID{}), ErrDamaged)
	}
	var id VaultID
	if err := decode("id", append([]byte{0x50}, bytes.Repeat([]byte{7}, 16)...), &id); err != nil || id[15] != 7 {
		t.Errorf("%x, %v", id, err)
	}
}

func TestUnknownKeysAreLeftAlone(t *testing.T) {
	b, err := encMode.Marshal(map[int]any{1: []any{}, 99: "of a later version"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeTree(b); err != nil {
		t.Errorf("a key that a later version added: %v", err)
	}
}

func FuzzDecodeTree(f *testing.F) {
	f.Add(EncodeTree(testTree()))
	f.Add(EncodeTree(&Tree{Branches: []Branch{{First: []byte("a"), Node: id32(1)}}}))
	for _, b := range cborTricks() {
		if len(b) < 1000 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		tree, err := DecodeTree(b)
		if err != nil {
			return
		}
		if _, err := DecodeTree(EncodeTree(tree)); err != nil {
			t.Fatalf("a tree that was accepted cannot be written: %v", err)
		}
	})
}

func FuzzDecodeEntry(f *testing.F) {
	for _, e := range testTree().Entries {
		f.Add(EncodeEntry(&e))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := DecodeEntry(b)
		if err != nil {
			return
		}
		if _, err := DecodeEntry(EncodeEntry(e)); err != nil {
			t.Fatalf("an entry that was accepted cannot be written: %v", err)
		}
	})
}

func FuzzDecodeList(f *testing.F) {
	f.Add(EncodeList(0, []ListItem{{Size: 1}}))
	f.Add(EncodeList(2, []ListItem{{Size: 1 << 62}, {Size: 1<<62 - 1}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		level, items, err := DecodeList(b)
		if err == nil && !bytes.Equal(EncodeList(level, items), b) {
			t.Fatal("a list with two encodings")
		}
	})
}
