package syncer

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"roost/vault/format"
)

// A version that is removed stays on the storage for a while and can be brought back. That it is removed is written down
// in this home alone: the storage's own list of versions changes when it goes for good. So nothing that is lost, a home or
// a file of it, can take a version early; the worst is that a removed one is listed again and kept longer. Other devices
// list it until it is gone.

// restorableFor is how long a removed version can be brought back.
const restorableFor = 30 * 24 * time.Hour

// removedFile holds the marks.
const removedFile = "removed.json"

// mark is what was decided about one version.
type mark struct {
	ID      string    `json:"id"`                // hex of the version's
	On      time.Time `json:"on,omitzero"`       // when it was removed
	Kept    bool      `json:"kept,omitempty"`    // or: a person brought it back, and no rule takes it again
	Instead string    `json:"instead,omitempty"` // the version that was written in its place, without Path
	Path    []byte    `json:"path,omitempty"`    // what was forgotten
}

// marks are all of them, by version.
type marks map[format.ChunkID]mark

// until is when a removed version goes for good.
func (m mark) until() time.Time { return m.On.Add(restorableFor) }

func (m marks) removed(id format.ChunkID) bool { return !m[id].On.IsZero() }

// instead is the version that is shown in the place of one that something was forgotten in.
func (m marks) instead(id format.ChunkID) format.ChunkID {
	for range len(m) + 1 {
		next, ok := versionID(m[id].Instead)
		if !m.removed(id) || !ok {
			break
		}
		id = next
	}
	return id
}

func versionID(text string) (id format.ChunkID, ok bool) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(id) {
		return id, false
	}
	return format.ChunkID(b), true
}

// marks reads what was removed. A file that cannot be understood says nothing, so that every version is listed again.
func (e *Engine) marks() (marks, error) {
	b, err := os.ReadFile(e.home.path(removedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return marks{}, nil
	}
	if err != nil {
		return nil, homeError("read what was removed", err)
	}
	m, err := decodeMarks(b)
	if err != nil {
		e.log.Warn("the list of removed versions is damaged; they count as not removed", "reason", err)
		return marks{}, nil
	}
	return m, nil
}

func decodeMarks(b []byte) (marks, error) {
	var list struct {
		Version int    `json:"version"`
		Marks   []mark `json:"marks"`
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("read what was removed: %w", err)
	}
	if list.Version != 1 {
		return nil, fmt.Errorf("read what was removed: %w", format.ErrNewer)
	}
	out := marks{}
	for _, m := range list.Marks {
		id, ok := versionID(m.ID)
		if !ok || m.On.IsZero() != m.Kept {
			return nil, fmt.Errorf("read what was removed: %w: version %q", format.ErrDamaged, m.ID)
		}
		out[id] = m
	}
	return out, nil
}

func encodeMarks(m marks) ([]byte, error) {
	list := struct {
		Version int    `json:"version"`
		Marks   []mark `json:"marks"`
	}{1, slices.SortedFunc(maps.Values(m), func(a, b mark) int {
		if c := a.On.Compare(b.On); c != 0 {
			return c
		}
		return slices.Compare([]byte(a.ID), []byte(b.ID))
	})}
	b, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("write what was removed: %w", err)
	}
	return append(b, '\n'), nil
}

// changeMarks lets fn change what is removed and writes it. The caller has the turn, or nobody else writes.
func (e *Engine) changeMarks(fn func(marks) error) error {
	e.marking.Lock()
	defer e.marking.Unlock()
	m, err := e.marks()
	if err != nil {
		return err
	}
	if err := fn(m); err != nil {
		return err
	}
	b, err := encodeMarks(m)
	if err != nil {
		return err
	}
	return e.home.write(removedFile, b)
}

// visible leaves removed versions out of a list.
func (e *Engine) visible(list []Version) ([]Version, error) {
	m, err := e.marks()
	if err != nil || len(m) == 0 {
		return list, err
	}
	return slices.DeleteFunc(slices.Clone(list), func(v Version) bool { return m.removed(v.ID) }), nil
}
