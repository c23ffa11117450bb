package syncer

import (
	"errors"
	"slices"
	"testing"
	"time"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

func TestWordsAreAskedForAfterAWeekThenThreeMonthsThenEveryYear(t *testing.T) {
	asked := time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	for checks, want := range map[int]time.Duration{0: 0, 1: 7 * day, 2: 90 * day, 3: 365 * day, 9: 365 * day} {
		b := Beginning{Asked: asked, Checks: checks}
		if checks > 0 {
			b.Checked = asked
		}
		if got := b.WordsDue(); !got.Equal(asked.Add(want)) {
			t.Errorf("after %d checks they are due at %v, want %v", checks, got, asked.Add(want))
		}
	}
	if due := (Beginning{}).WordsDue(); !due.IsZero() {
		t.Errorf("a home that nobody was asked about has words due at %v", due)
	}
}

// What the window asked, and when, outlives the process: it goes on from there, and the status says when words are due.
func TestHowFarTheSettingUpIsOutlivesTheProcess(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	e.home.cfg.Vault = "00112233445566778899aabbccddeeff"
	if due := statusOf(facts{now: time.Now(), beginning: e.home.config().Beginning}).WordsDue; due {
		t.Error("words are due before they were asked for")
	}
	if err := e.NoteWords(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if due := statusOf(facts{now: time.Now(), beginning: e.home.config().Beginning}).WordsDue; !due {
		t.Error("words that were put off are not due")
	}
	if err := e.NoteWords(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := e.FinishBeginning(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, folders, err := BeginningOf(e.home.dir)
	if err != nil {
		t.Fatal(err)
	}
	if !b.Finished || b.Checks != 1 || b.Asked.IsZero() || folders != 0 {
		t.Errorf("the home says %+v with %d folders", b, folders)
	}
	if due := statusOf(facts{now: time.Now().Add(7*day + time.Minute), beginning: b}).WordsDue; !due {
		t.Error("a week after the first check the words are not due")
	}
}

func TestAHomeThatIsNotSetUpSaysSo(t *testing.T) {
	if _, _, err := BeginningOf(t.TempDir()); !errors.Is(err, ErrNoSetup) {
		t.Errorf("error %v", err)
	}
}

func TestAStorageIsTriedWithoutLeavingAnythingBehind(t *testing.T) {
	d := nodetest.StartKubo(t)
	before, err := d.Node(t).Pins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	opts := Options{Home: t.TempDir()}
	if err := TryStorage(t.Context(), opts, SetupOptions{URL: d.URL, Token: d.Token}, true); err != nil {
		t.Fatal(err)
	}
	if pins, err := d.Node(t).Pins(t.Context()); err != nil || !slices.Equal(pins, before) {
		t.Errorf("left pins %v of %v, error %v", pins, before, err)
	}
	for name, c := range map[string]struct {
		o    SetupOptions
		want error
	}{
		"a wrong key":         {SetupOptions{URL: d.URL, Token: "another"}, node.ErrUnauthorized},
		"nobody there":        {SetupOptions{URL: "http://127.0.0.1:1"}, node.ErrUnreachable},
		"an open connection":  {SetupOptions{URL: "http://192.0.2.1:5001"}, node.ErrInsecure},
		"a folder without it": {SetupOptions{LocalDir: t.TempDir()}, node.ErrUnreachable},
	} {
		if err := TryStorage(t.Context(), opts, c.o, false); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
}

func TestFoldersAreMeasuredAsTheyWouldBeKept(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.txt", "12345")
	write(t, dir+"/deep/b.txt", "12345")
	write(t, dir+"/deep/.roostignore", "left-out/\n")
	write(t, dir+"/deep/left-out/huge", "123456789")
	var last Measured
	got, err := Measure(t.Context(), dir, func(m Measured) { last = m })
	if err != nil {
		t.Fatal(err)
	}
	rules := int64(len("left-out/\n"))
	if want := (Measured{Files: 3, Bytes: 10 + rules}); got != want || last != want {
		t.Errorf("measured %+v, told %+v, want %+v", got, last, want)
	}
	if _, err := Measure(t.Context(), dir+"/missing", nil); !errors.Is(err, ErrNotAFolder) {
		t.Errorf("a missing folder: error %v", err)
	}
}
