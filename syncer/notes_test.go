package syncer

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node/nodetest"
)

// aNote is one that the catalog keeps as JSON.
type aNote struct {
	key, text string // as homes have it
	want      any
	read      func(*Engine) (any, error)
	write     func(*Engine) error
}

func theNotes(t *testing.T) []aNote {
	t.Helper()
	at := time.Date(2026, 3, 2, 1, 2, 3, 4, time.UTC)
	beacon := beaconNote{BeaconPlace: vault.BeaconPlace{Slot: 3, Sequence: 9}, Root: format.Digest{7}, At: at, Failed: "why"}
	root, err := json.Marshal(beacon.Root)
	must(t, err)
	looked := proof{Checked: at, Found: 2, Mended: 1, From: 300, Began: at, ReadAll: at, Tried: at, Drills: []Drilled{{Storage: "attic", Time: at, Files: 3, Back: 2, Same: 1, Bytes: 5}}}
	guards := []plainGuard{{"attic", "bafy"}}
	survey := &vault.Survey{Heads: []format.Digest{}, Time: at, Versions: 4, Folders: []vault.FolderSurvey{}, Files: []vault.Large{}, Dirs: []vault.Large{}}
	const nobody = `{"Logical":0,"Content":0,"Stored":0,"Meta":0}`
	const when = `"2026-03-02T01:02:03.000000004Z"`
	ctx := t.Context()
	return []aNote{
		{
			"beacon", `{"Slot":3,"Sequence":9,"Root":` + string(root) + `,"At":` + when + `,"Failed":"why"}`, beacon,
			func(e *Engine) (any, error) { return e.beaconNote(ctx) },
			func(e *Engine) error { return e.keepBeaconNote(ctx, beacon) },
		}, {
			"proof", `{"Checked":` + when + `,"Found":2,"Mended":1,"From":300,"Began":` + when + `,"ReadAll":` + when + `,"Tried":` + when + `,"Drills":[{"Storage":"attic","Time":` + when +
				`,"Files":3,"Back":2,"Same":1,"Bytes":5,"Failed":null}]}`, looked,
			func(e *Engine) (any, error) { return e.proof(ctx) },
			func(e *Engine) error { return e.changeProof(ctx, func(p *proof) { *p = looked }) },
		}, {
			"plain/writing", `[{"storage":"attic","cid":"bafy"}]`, guards,
			func(e *Engine) (any, error) { return e.plainGuards(ctx) },
			func(e *Engine) error { return e.notePlainGuards(ctx, guards) },
		}, {
			"survey", `{"Heads":[],"Time":` + when + `,"Newest":` + nobody + `,"Older":` + nobody +
				`,"Versions":4,"Logical":0,"Unneeded":0,"Index":0,"Folders":[],"Files":[],"Dirs":[],"Incomplete":false}`, survey,
			func(e *Engine) (any, error) { return e.lastSurvey(ctx) },
			func(e *Engine) error { return e.keepSurvey(ctx, survey) },
		}, {
			"traffic", `{"month":"2026-03","sent":{"attic":5},"received":{"attic":6}}`,
			moved{5, 6},
			func(e *Engine) (any, error) { return e.movedThisMonth("attic", at), nil },
			func(e *Engine) error {
				return noteDown(ctx, e.cat, metaTraffic, trafficNote{"2026-03", map[string]int64{"attic": 5}, map[string]int64{"attic": 6}})
			},
		},
	}
}

// noteIs puts a text into the catalog in place of a note.
func noteIs(t *testing.T, e *Engine, key, text string) {
	t.Helper()
	must(t, e.cat.Update(t.Context(), func(tx *catalog.Tx) error { return tx.SetMeta(key, []byte(text)) }))
}

// The notes of a home that was written before are read, and written as they were.
func TestNotesStayAsTheyAreWritten(t *testing.T) {
	for _, n := range theNotes(t) {
		e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
		must(t, n.write(e))
		if b, _, err := e.cat.Meta(t.Context(), n.key); err != nil || string(b) != n.text {
			t.Errorf("%s is written as %s, %v; want %s", n.key, b, err, n.text)
		}
		e = testEngine(t, &nodetest.Memory{}, testEntropy(t))
		noteIs(t, e, n.key, n.text)
		if got, err := n.read(e); err != nil || !reflect.DeepEqual(got, n.want) {
			t.Errorf("%s is read as %+v, %v; want %+v", n.key, got, err, n.want)
		}
	}
}

// The catalog is a cache: what it garbled is not known, and is no error. Nothing is half known either.
func TestAGarbledNoteCountsAsNone(t *testing.T) {
	for _, n := range theNotes(t) {
		none := reflect.Zero(reflect.TypeOf(n.want)).Interface()
		for _, text := range []string{"", "{", "7", n.text[:len(n.text)-1], n.text + "]", `{"Slot":3,"Found":2,"Versions":4,"At":7,"Tried":7,"Time":7}`, `[{"storage":"attic","cid":7}]`} {
			e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
			noteIs(t, e, n.key, text)
			if got, err := n.read(e); err != nil || !reflect.DeepEqual(got, none) {
				t.Errorf("%s is %q, and is read as %+v, %v", n.key, text, got, err)
			}
		}
	}
}

// What removed versions take is known from a note of before, and not from a garbled one.
func TestAGarbledWeightOfRemovedVersionsIsNotKnown(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	v := Version{Device: e.bundle.Device()}
	v.ID = format.ChunkID{7}
	must(t, e.changeMarks(func(m marks) error {
		m[v.ID] = mark{ID: v.ID.String(), On: time.Now()}
		return nil
	}))
	m, err := e.marks()
	must(t, err)
	text := `{"of":"` + weighedOf([]Version{v}, m) + `","bytes":12}`
	for _, x := range []struct {
		text  string
		bytes int64
	}{{text, 12}, {text[:len(text)-1], 0}, {text[:len(text)-1] + `0.5}`, 0}, {"", 0}, {"7", 0}} {
		noteIs(t, e, "pending", x.text)
		if s, err := e.removedSpace(t.Context(), []Version{v}); err != nil || s.Bytes != x.bytes || s.Known != (x.bytes > 0) || s.Versions != 1 {
			t.Errorf("%q is read as %+v, %v", x.text, s, err)
		}
	}
}
