package format

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// FolderID names one folder of one device across its snapshots: 16 random bytes, made when the folder is added.
type FolderID [16]byte

// Snapshot is one version of one folder, complete in itself: with it and the packs, everything in it can be found.
type Snapshot struct {
	Version    uint8    `cbor:"1,keyasint"`
	Folder     FolderID `cbor:"2,keyasint"`
	Path       []byte   `cbor:"3,keyasint"` // where the folder was, as the operating system gave it
	Device     DeviceID `cbor:"4,keyasint"`
	DeviceName string   `cbor:"5,keyasint"`
	Seconds    int64    `cbor:"6,keyasint"` // UTC, since 1970
	Nanos      uint32   `cbor:"7,keyasint,omitempty"`
	Root       Entry    `cbor:"8,keyasint"` // the folder itself: a directory entry without a name
	Files      uint64   `cbor:"9,keyasint"`
	Bytes      uint64   `cbor:"10,keyasint"`
	Complete   bool     `cbor:"11,keyasint"` // false: a checkpoint of a backup that was still under way
	Skipped    []Skip   `cbor:"12,keyasint,omitempty"`
	SkipCount  uint64   `cbor:"13,keyasint,omitempty"` // all that were skipped; Skipped holds the first MaxSkipped
}

// MaxSkipped is how many skipped files a snapshot names, MaxSkippedBytes how long their paths and reasons are together.
const (
	MaxSkipped      = 1000
	MaxSkippedBytes = 256 << 10
)

// MaxDeviceName is the longest name of a device, in bytes.
const MaxDeviceName = 256

// Skip is a file that the snapshot does not hold, and why.
type Skip struct {
	_      struct{} `cbor:",toarray"`
	Path   []byte
	Reason string
}

// Time is when the snapshot was made.
func (s *Snapshot) Time() time.Time { return time.Unix(s.Seconds, int64(s.Nanos)).UTC() }

// EncodeSnapshot returns the plaintext of a snapshot chunk; its chunk id is the snapshot's id. Text that is not UTF-8 is
// made so, and the list of skipped files is cut to its limits: a snapshot that cannot be read back would be none.
func EncodeSnapshot(s *Snapshot) []byte {
	c := *s
	c.DeviceName = text(s.DeviceName, MaxDeviceName)
	c.Skipped = nil
	left := MaxSkippedBytes
	for _, k := range s.Skipped[:min(len(s.Skipped), MaxSkipped)] {
		k.Reason = text(k.Reason, 1024)
		if left -= len(k.Path) + len(k.Reason); left < 0 {
			break
		}
		c.Skipped = append(c.Skipped, k)
	}
	return encode(&c)
}

// text makes s valid UTF-8 of at most limit bytes.
func text(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
	}
	return strings.ToValidUTF8(s, "")
}

// Years 0 to 9999: what every calendar, and RFC 3339, can show.
const (
	minSeconds = -62167219200
	maxSeconds = 253402300799
)

func checkTime(seconds int64, nanos uint32) bool {
	return seconds >= minSeconds && seconds <= maxSeconds && nanos < 1e9
}

// counts tells whether numbers fit a signed 64-bit integer, as catalogs and other languages keep them.
func counts(n ...uint64) bool {
	for _, x := range n {
		if x > math.MaxInt64 {
			return false
		}
	}
	return true
}

// DecodeSnapshot parses and checks a snapshot chunk.
func DecodeSnapshot(b []byte) (*Snapshot, error) {
	var v struct {
		Version uint8 `cbor:"1,keyasint"`
	}
	if err := decode("snapshot", b, &v); err != nil { // alone and first: a newer version may mean other types
		return nil, err
	}
	if v.Version > Version {
		return nil, fmt.Errorf("snapshot of version %d: %w", v.Version, ErrNewer)
	}
	s := &Snapshot{}
	if err := decode("snapshot", b, s); err != nil {
		return nil, err
	}
	if s.Version == 0 {
		return nil, damaged("snapshot of version 0")
	}
	if s.Root.Type != TypeDir || len(s.Root.Name) != 0 {
		return nil, damaged("snapshot without a folder")
	}
	if !checkTime(s.Seconds, s.Nanos) || !counts(s.Files, s.Bytes, s.SkipCount) {
		return nil, damaged("snapshot with numbers out of range")
	}
	if err := s.Root.check(); err != nil {
		return nil, err
	}
	return s, nil
}

// Summary is what a head says of a snapshot, so that listing versions reads heads only.
type Summary struct {
	_        struct{} `cbor:",toarray"`
	ID       ChunkID
	Folder   uint32 // index into Head.Folders
	Seconds  int64
	Nanos    uint32
	Files    uint64
	Bytes    uint64
	Complete bool
}

// Time is when the snapshot was made.
func (s Summary) Time() time.Time { return time.Unix(s.Seconds, int64(s.Nanos)).UTC() }

// Fits returns ErrDamaged when a summary that names this snapshot says something else of it; folder is the one of the
// summary's row.
func (s *Snapshot) Fits(x Summary, folder FolderID) error {
	switch {
	case s.Folder != folder:
		return damaged("snapshot of another folder than the list of snapshots says")
	case s.Seconds != x.Seconds || s.Nanos != x.Nanos:
		return damaged("snapshot of another time than the list of snapshots says: %s, not %s", s.Time(), x.Time())
	case s.Files != x.Files || s.Bytes != x.Bytes:
		return damaged("snapshot of %d files with %d bytes, of which the list of snapshots says %d files with %d bytes", s.Files, s.Bytes, x.Files, x.Bytes)
	case s.Complete != x.Complete:
		return damaged("snapshot that is complete or not, unlike the list of snapshots says")
	}
	return nil
}

// EncodeSummaries returns the plaintext of a snapshot-list chunk.
func EncodeSummaries(s []Summary) []byte { return encode(s) }

// DecodeSummaries parses a snapshot-list chunk; folders is the length of the head's folder table.
func DecodeSummaries(b []byte, folders int) ([]Summary, error) {
	var s []Summary
	if err := decode("snapshot list", b, &s); err != nil {
		return nil, err
	}
	if err := checkSummaries(s, folders); err != nil {
		return nil, err
	}
	return s, nil
}

func checkSummaries(s []Summary, folders int) error {
	for _, x := range s {
		if uint64(x.Folder) >= uint64(folders) || !checkTime(x.Seconds, x.Nanos) || !counts(x.Files, x.Bytes) {
			return damaged("snapshot summary of an unknown folder or with numbers out of range")
		}
	}
	return nil
}
