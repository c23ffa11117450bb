package syncer

import (
	"os"
	"reflect"
	"testing"
	"time"

	"roost/vault/format"
)

func TestMarksAreReadAsTheyWereWritten(t *testing.T) {
	a, b := format.ChunkID{1}, format.ChunkID{2}
	m := marks{
		a: {ID: a.String(), On: time.Date(2026, 3, 2, 1, 2, 3, 4, time.UTC), Instead: b.String(), Path: []byte("/a\xff")},
		b: {ID: b.String(), Kept: true},
	}
	raw, err := encodeMarks(m)
	must(t, err)
	got, err := decodeMarks(raw)
	if err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestADamagedListOfRemovedVersionsRemovesNothing: every version is listed again.
func TestADamagedListOfRemovedVersionsRemovesNothing(t *testing.T) {
	e := testEngine(t, nil, testEntropy(t))
	for _, text := range []string{"", "{", "[]", `{"version":2}`, `{"version":1,"marks":[{"id":"12"}]}`, `{"version":1,"marks":[{"id":"` + format.ChunkID{}.String() + `"}]}`} {
		must(t, os.WriteFile(e.home.path(removedFile), []byte(text), 0o600))
		m, err := e.marks()
		if err != nil || len(m) != 0 {
			t.Errorf("%q: %v, %v", text, m, err)
		}
	}
}

func FuzzDecodeMarks(f *testing.F) {
	f.Add([]byte(`{"version":1,"marks":[{"id":"` + format.ChunkID{7}.String() + `","on":"2026-03-02T01:02:03Z"}]}`))
	f.Add([]byte(`{"version":1,"marks":[{"id":"00","kept":true}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeMarks(b)
		if err != nil {
			return
		}
		for id, x := range m {
			if m.removed(id) == x.Kept {
				t.Errorf("%s is both removed and kept, or neither", id)
			}
			m.instead(id)
		}
	})
}
