package ui

import (
	"context"
	"fmt"
	"image"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/ui/kit"
)

const (
	manyEntries = 100_000
	noStall     = slowdown * 100 * time.Millisecond // of scrolling
	noBlock     = slowdown * 50 * time.Millisecond  // of anything else on the UI goroutine
)

// A folder of 100,000 files is scrolled from one end to the other, jumped about in, and ticked, without a stall.
func TestAHundredThousandFilesScrollWithoutAStall(t *testing.T) {
	d := sampleDesk(t, "en", theme.VariantLight)
	d.kept.names = d.kept.names[:0]
	for i := range manyEntries {
		d.kept.names = append(d.kept.names, fmt.Sprintf("photo-%06d.jpg", i))
	}
	d.w.Show(Files)
	d.settle()
	l := d.w.screens[Files].(*filesScreen).listing
	if len(l.items) != manyEntries {
		t.Fatalf("%d files are listed", len(l.items))
	}
	slowest := time.Duration(0)
	for row := 0; row < manyEntries; row += 997 {
		slowest = max(slowest, least(func() { l.table.ScrollTo(row) }))
	}
	t.Logf("the slowest of %d steps took %v", manyEntries/997, slowest)
	if slowest > noStall {
		t.Errorf("a step of scrolling took %v", slowest)
	}
	l.switchTicking()
	if took := least(func() { l.tapped(77_777) }); took > noStall {
		t.Errorf("ticking took %v", took)
	}

	if l.ticked["photo-077777.jpg"] != true || len(l.ticked) != 1 {
		t.Errorf("%d are ticked", len(l.ticked))
	}
}

// least is how long something takes on a computer that has nothing else to do: the quickest of a few times.
func least(do func()) time.Duration {
	best := time.Hour
	for range 3 {
		start := time.Now()
		do()
		best = min(best, time.Since(start))
	}
	return best
}

func BenchmarkFilesScroll(b *testing.B) {
	l := benchmarkListing(b)
	row := 0
	var slowest time.Duration
	for b.Loop() {
		row = (row + 7919) % manyEntries
		start := time.Now()
		l.table.ScrollTo(row)
		slowest = max(slowest, time.Since(start))
	}
	b.ReportMetric(float64(slowest.Microseconds()), "µs-slowest")
}

// What is shown of a folder of 100,000 files when the engine has answered.
func BenchmarkFilesFirstPaint(b *testing.B) {
	l := benchmarkListing(b)
	items := l.items
	for b.Loop() {
		l.got(items, nil)
	}
}

func benchmarkListing(b *testing.B) *listing {
	b.Helper()
	test.NewTempApp(b).Settings().SetTheme(kit.Theme{})
	w := newWindow(Options{Engine: stillEngine{now: sampleNow()}, Post: func(f func()) { f() }})
	l := newListing(w, func(place) {})
	l.at, l.day = place{version: "x", folder: "/home/ana/Pictures"}, morning
	items := make([]syncer.Item, manyEntries)
	for i := range items {
		items[i] = syncer.Item{Path: fmt.Sprintf("photo-%06d.jpg", i), Type: 1, Size: int64(i) * 1000, MTime: morning}
	}
	c := software.NewCanvas()
	c.SetContent(l.root)
	c.Resize(fyne.NewSize(900, 600))
	l.got(items, nil)
	return l
}

// silent is an engine that never answers.
type silent struct{}

func (silent) wait(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func (s silent) Snapshots(ctx context.Context, _ string) ([]syncer.Version, bool, error) {
	return nil, false, s.wait(ctx)
}

func (s silent) Children(ctx context.Context, _, _ string) ([]syncer.Item, error) {
	return nil, s.wait(ctx)
}

func (s silent) Find(ctx context.Context, _ string) ([]syncer.Match, error) {
	return nil, s.wait(ctx)
}

func (s silent) History(ctx context.Context, _, _ string) ([]syncer.Edition, error) {
	return nil, s.wait(ctx)
}

func (s silent) Compare(ctx context.Context, _, _, _ string) (*syncer.Comparison, error) {
	return nil, s.wait(ctx)
}

func (s silent) Preview(ctx context.Context, _, _ string, _ int64) ([]byte, error) {
	return nil, s.wait(ctx)
}

func (s silent) ReadOnlyCopy(ctx context.Context, _, _, _ string) error {
	return s.wait(ctx)
}

func (s silent) Details(ctx context.Context, _, _ string) (*syncer.Details, error) {
	return nil, s.wait(ctx)
}

func (s silent) StartRestore(ctx context.Context, _ syncer.RestoreWish) error { return s.wait(ctx) }

func (s silent) SteerRestore(ctx context.Context, _ string, _ syncer.ErrandStep) error {
	return s.wait(ctx)
}

// An engine that never answers holds up nothing: every tap returns at once, and every view says that it waits.
func TestASlowEngineDoesNotHoldUpBrowsing(t *testing.T) {
	s := newStage(t)
	s.engine.browser = silent{}
	f, r := s.w.screens[Files].(*filesScreen), s.w.screens[Restore].(*restoring)
	quick := func(what string, do func()) {
		t.Helper()
		var took time.Duration
		for range 3 { // a busy machine is not a slow window: what blocks does so every time
			start := time.Now()
			do()
			if took = time.Since(start); took <= noBlock {
				return
			}
		}
		t.Errorf("%s took %v", what, took)
	}
	quick("showing the files", func() { s.w.Show(Files) })
	if !texts(s.w.over.Canvas())["Looking for what is kept…"] {
		t.Error("the files do not say that they wait")
	}
	known := newTimeline(sampleKept().versions, false)
	quick("the list of versions", func() { f.got(known, nil) })
	quick("opening a folder", func() { f.listing.show(known.folders[0].below("2024")) })
	if !texts(s.w.over.Canvas())["One moment"] {
		t.Error("a folder does not say that it waits")
	}
	quick("opening a branch", func() { f.tree.tree.OpenBranch(f.tree.tops[0]) })
	quick("searching", func() { f.find("beach") })
	if !texts(s.w.over.Canvas())["Searching…"] {
		t.Error("the search does not say that it waits")
	}
	quick("looking at a file", func() { f.openFile(known.folders[0].below("notes.md")) })
	quick("opening a copy", func() { f.file.openCopy() })
	quick("details", func() { f.file.showDetails() })
	quick("showing in the folder", func() { f.file.showInFolder() })
	quick("comparing", func() { f.compareVersion(known.folders[0]) })
	quick("showing restore", func() { s.w.Show(Restore) })
	r.known = known
	quick("the dates", func() { r.date.set(known); r.showDate() })
	quick("a date", func() { r.date.choose(known.versions[3]) })
	quick("restoring", func() { r.begin(wish{title: "Restore Pictures", parts: make([]syncer.RestoreOptions, 1)}) })
	if !texts(s.w.over.Canvas())["Restore Pictures"] {
		t.Error("a restore that is about to begin is not shown")
	}
	now := sampleNow()
	now.Restore = sampleRun(syncer.ErrandGoing, syncer.Restored{})
	go func() { s.engine.nows <- now }()
	for s.w.now.Restore == nil { // beside what was given up above
		(<-s.posts)()
	}
	quick("cancelling", func() { r.steer(syncer.ErrandCancel) })
	if !texts(s.w.over.Canvas())["Stopping…"] {
		t.Error("it does not say that it stops")
	}
}

// Whoever moves on never sees the answer to what they left.
func TestALateAnswerIsNotShownElsewhere(t *testing.T) {
	d := sampleDesk(t, "en", theme.VariantLight)
	d.w.Show(Files)
	d.settle()
	l := d.w.screens[Files].(*filesScreen).listing
	l.show(l.at.below("2023"))
	l.show(l.at.up().below("2024"))
	d.settle() // answers both
	if l.at.path != "2024" || !strings.HasPrefix(l.items[0].Path, "2024/") {
		t.Errorf("%s shows %s", l.at.path, l.items[0].Path)
	}
}

func TestMomentsAreNamedLikePeopleDo(t *testing.T) {
	for language, want := range map[string][]string{
		"en": {"Today 09:41", "Yesterday 09:41", "Tuesday 09:41", "1 Nov, 09:41", "20 Nov 2024, 09:41", "09:41", "20 Nov 2024"},
		"de": {"Heute 09:41", "Gestern 09:41", "Dienstag 09:41", "1. Nov., 09:41", "20. Nov. 2024, 09:41", "09:41", "20. Nov. 2024"},
		"es": {"Hoy 09:41", "Ayer 09:41", "martes 09:41", "1 nov, 09:41", "20 nov 2024, 09:41", "09:41", "20 nov 2024"},
		"fr": {"Aujourd’hui 09:41", "Hier 09:41", "mardi 09:41", "1er nov., 09:41", "20 nov. 2024, 09:41", "09:41", "20 nov. 2024"},
		"ja": {"今日 09:41", "昨日 09:41", "火曜日 09:41", "11月1日 09:41", "2024年11月20日 09:41", "09:41", "2024年11月20日"},
	} {
		speak(t, language)
		got := []string{
			moment(morning, morning), moment(morning.AddDate(0, 0, -1), morning), moment(morning.AddDate(0, 0, -3), morning),
			moment(morning.AddDate(0, 0, -19), morning), moment(morning.AddDate(-2, 0, 0), morning), dayOf(morning, morning), dayOf(morning.AddDate(-2, 0, 0), morning),
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %q, want %q", language, got[i], want[i])
			}
		}
	}
}

func TestTheTimelineKnowsWhatWasWhen(t *testing.T) {
	known := newTimeline(sampleKept().versions, false)
	if len(known.folders) != 3 || len(known.devices()) != 2 {
		t.Fatalf("%d folders of %d devices", len(known.folders), len(known.devices()))
	}
	newest, ok := known.newest(known.versions[10].ID.String())
	if !ok || !sameFolder(newest, known.versions[10]) || newest.Time().Before(known.versions[10].Time()) {
		t.Errorf("the newest is %v", newest.Time())
	}
	before, ok := known.before(newest.ID.String())
	if !ok || !before.Time().Before(newest.Time()) || !sameFolder(before, newest) {
		t.Errorf("before %v is %v", newest.Time(), before.Time())
	}
	then := known.versions[20].Time()
	for _, v := range known.asOf(then) {
		if v.Time().After(then) {
			t.Errorf("%v was not there at %v", v.Time(), then)
		}
	}
	if _, ok := known.find("nothing"); ok {
		t.Error("a version that is not there is found")
	}
}

// A preview takes whatever a file holds, and is never larger than it may be.
func FuzzPreview(f *testing.F) {
	f.Add([]byte("# Notes\r\nlines"), int64(100))
	f.Add([]byte("half a letter \xc3"), int64(100))
	f.Add([]byte(picture(f, 30, 20)), int64(0))
	f.Add([]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), int64(0))
	f.Fuzz(func(t *testing.T, data []byte, whole int64) {
		p := readPreview(data, whole)
		if len(p.text) > 8*previewText || strings.ContainsAny(p.text, "\u202E\x00\x1b") {
			t.Errorf("the text is %q", p.text)
		}
		if p.picture != nil && (p.picture.Bounds().Dx() > previewSide || p.picture.Bounds().Dy() > previewSide) {
			t.Errorf("the picture is %v", p.picture.Bounds())
		}
	})
}

func TestAPreviewIsBounded(t *testing.T) {
	bomb := []byte(picture(t, 10, 10))
	copy(bomb[16:], []byte{0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff}) // it says that it is as wide as can be
	if p := readPreview(bomb, int64(len(bomb))); p.picture != nil {
		t.Errorf("a picture of %v was made", p.picture.Bounds())
	}
	if p := readPreview([]byte(strings.Repeat("long line ", 100_000)), 1_000_000); !p.cut || len(p.text) > previewText {
		t.Errorf("%d bytes of text, cut %t", len(p.text), p.cut)
	}
	if p := readPreview([]byte(strings.Repeat("x\n", 4_000)), 8_000); !p.cut || strings.Count(p.text, "\n") >= previewLines {
		t.Errorf("%d lines of text, cut %t", strings.Count(p.text, "\n"), p.cut)
	}
	tall := smaller(image.NewNRGBA(image.Rect(0, 0, 10, 9_000)), previewSide)
	if b := tall.Bounds(); b.Dx() != 1 || b.Dy() != previewSide {
		t.Errorf("a tall picture became %v", b)
	}
}

// What is previewed is drawn at once, also when it is as much as can be.
func TestTheLargestPreviewIsDrawnAtOnce(t *testing.T) {
	d := sampleDesk(t, "en", theme.VariantLight)
	d.w.Show(Files)
	d.settle()
	f := d.w.screens[Files].(*filesScreen)
	f.openFile(f.known.folders[0].below("notes.md"))
	d.settle()
	p := readPreview([]byte(strings.Repeat("Lorem ipsum dolor sit amet, consectetur. ", 1_000)), 1<<20)
	took := time.Hour
	for range 10 { // on a busy machine three times are few: it is near the bound
		if took = min(took, least(func() { f.file.gotPreview(p, nil) })); took <= noBlock {
			return
		}
	}
	t.Errorf("drawing the text took %v", took)
}
