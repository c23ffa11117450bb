package format

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func testSnapshot() *Snapshot {
	return &Snapshot{
		Version: 1, Folder: FolderID{1}, Path: []byte("/home/\xff/Documents"), Device: DeviceID{2}, DeviceName: "Laptop",
		Seconds: 1_700_000_000, Nanos: 5, Root: Entry{Name: []byte{}, Type: TypeDir, Mode: 0o755, Tree: id32(1)}, Files: 3, Bytes: 1 << 40,
		Complete: true, Skipped: []Skip{{Path: []byte("a/b"), Reason: "permission denied"}}, SkipCount: 1,
	}
}

func TestASnapshotComesBackAsItWas(t *testing.T) {
	want := testSnapshot()
	got := must(DecodeSnapshot(EncodeSnapshot(want)))(t)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if at := got.Time(); !at.Equal(time.Unix(1_700_000_000, 5)) {
		t.Errorf("made at %v", at)
	}
}

func TestSnapshotsThatMakeNoSenseAreRefused(t *testing.T) {
	for what, change := range map[string]func(*Snapshot){
		"version 0":        func(s *Snapshot) { s.Version = 0 },
		"a named root":     func(s *Snapshot) { s.Root.Name = []byte("x") },
		"a file as root":   func(s *Snapshot) { s.Root = Entry{Type: TypeFile} },
		"no tree":          func(s *Snapshot) { s.Root.Tree = nil },
		"nanoseconds":      func(s *Snapshot) { s.Nanos = 1e9 },
		"the year 10000":   func(s *Snapshot) { s.Seconds = 253402300800 },
		"the end of time":  func(s *Snapshot) { s.Seconds = math.MaxInt64 },
		"before year 0":    func(s *Snapshot) { s.Seconds = math.MinInt64 },
		"2^63 files":       func(s *Snapshot) { s.Files = 1 << 63 },
		"2^63 bytes":       func(s *Snapshot) { s.Bytes = 1 << 63 },
		"2^63 skipped":     func(s *Snapshot) { s.SkipCount = 1 << 63 },
		"a root with size": func(s *Snapshot) { s.Root.Size = 1 },
	} {
		s := testSnapshot()
		change(s)
		_, err := DecodeSnapshot(encode(s))
		wantErr(t, what, err, ErrDamaged)
	}
}

func TestANewerSnapshotIsNamedAsSuch(t *testing.T) {
	// Whatever else a later version makes of the other keys.
	b, err := encMode.Marshal(map[int]any{1: 2, 2: "text now", 8: 3.5, 99: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = DecodeSnapshot(b)
	wantErr(t, "version 2", err, ErrNewer)
}

// A device name or an error text of the system is not always UTF-8, and a folder can hold a thousand unreadable files
// with long names: the snapshot has to be readable, and sealable, all the same.
func TestASnapshotCanAlwaysBeReadBack(t *testing.T) {
	s := testSnapshot()
	s.DeviceName = "Ren\xe9's " + strings.Repeat("é", 200)
	s.Skipped = nil
	for i := range 3000 {
		s.Skipped = append(s.Skipped, Skip{Path: bytes.Repeat([]byte{0xff}, 4000), Reason: fmt.Sprintf("open \xfe%d: denied", i)})
	}
	s.SkipCount = 3000
	b := EncodeSnapshot(s)
	if len(b) > MaxChunk {
		t.Fatalf("a snapshot of %d bytes", len(b))
	}
	got := must(DecodeSnapshot(b))(t)
	if n := len(got.Skipped); n < 50 || n > MaxSkipped || got.SkipCount != 3000 {
		t.Errorf("%d skipped files named, %d counted", n, got.SkipCount)
	}
	if !utf8.ValidString(got.DeviceName) || len(got.DeviceName) > MaxDeviceName || !strings.HasPrefix(got.DeviceName, "Ren's é") {
		t.Errorf("device %q", got.DeviceName)
	}
	if len(s.Skipped) != 3000 || s.DeviceName[3] != 0xe9 {
		t.Error("encoding changed the snapshot itself")
	}
}

func TestSummariesComeBackAndNameKnownFolders(t *testing.T) {
	want := []Summary{
		{ID: ChunkID{1}, Folder: 1, Seconds: 1_700_000_000, Nanos: 9, Files: 2, Bytes: 3, Complete: true},
		{ID: ChunkID{2}, Seconds: -5},
	}
	got := must(DecodeSummaries(EncodeSummaries(want), 2))(t)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if !want[0].Time().Equal(time.Unix(1_700_000_000, 9)) {
		t.Error("other time")
	}
	for _, n := range []int{0, 1} {
		_, err := DecodeSummaries(EncodeSummaries(want), n)
		wantErr(t, "an unknown folder", err, ErrDamaged)
	}
	for what, s := range map[string]Summary{
		"2^32-1th folder": {Folder: math.MaxUint32}, "nanoseconds": {Nanos: 1e9}, "time": {Seconds: math.MaxInt64},
		"files": {Files: math.MaxUint64}, "bytes": {Bytes: 1 << 63},
	} {
		_, err := DecodeSummaries(EncodeSummaries([]Summary{s}), 1)
		wantErr(t, what, err, ErrDamaged)
	}
}

func FuzzDecodeSnapshot(f *testing.F) {
	f.Add(EncodeSnapshot(testSnapshot()))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := DecodeSnapshot(b)
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) {
				t.Fatal(err)
			}
			return
		}
		if _, err := DecodeSnapshot(EncodeSnapshot(s)); err != nil {
			t.Fatalf("a snapshot that was accepted cannot be written: %v", err)
		}
		if _, err := s.Time().MarshalJSON(); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzDecodeSummaries(f *testing.F) {
	f.Add(EncodeSummaries([]Summary{{ID: ChunkID{1}, Folder: 1}}), 2)
	f.Fuzz(func(t *testing.T, b []byte, folders int) {
		s, err := DecodeSummaries(b, max(folders, 0))
		if err != nil {
			return
		}
		if _, err := DecodeSummaries(EncodeSummaries(s), folders); err != nil {
			t.Fatal(err)
		}
	})
}
