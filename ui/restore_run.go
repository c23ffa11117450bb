package ui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// run is one restore, from its beginning to its report. Pausing stops it; going on does the same again, which goes on with
// what is missing.
type run struct {
	wish     wish
	part     int // of the wish that is next, or was when this try began
	under    int // how many parts further this try is
	state    runState
	progress syncer.Progress
	total    outcome
	problem  *syncer.Problem // why it stopped; nil when nobody asked why
	stop     context.CancelFunc
}

type runState int

const (
	runGoing runState = iota
	runPausing
	runPaused
	runStopping
	runOver // with a report
)

// outcome is what became of a restore, over all its parts and pauses.
type outcome struct {
	files, bytes int64
	same         int64 // were there already
	left         int64 // skipped because another file is there
	bare         int64 // came back without some of their attributes
	failed       []syncer.Failure
	targets      []string
	cancelled    bool

	stopped *syncer.Restored // what the last try of the part that is under way did; nil: there was none
	again   int64            // files that the tries before that one brought back, which it found in their places
}

// add counts what one call brought back. A call that was stopped is followed by one that finds its files in place.
func (o *outcome) add(r *syncer.Restored, whole bool) {
	if r == nil {
		return
	}
	o.files += r.Files
	o.bytes += r.Bytes
	o.bare += r.Bare
	for _, t := range r.Targets {
		if !slices.Contains(o.targets, t) {
			o.targets = append(o.targets, t)
		}
	}
	if o.stopped != nil {
		o.again += o.stopped.Files
	}
	if o.stopped = r; whole {
		o.settle()
	}
}

// settle counts what the last try of a part found, when it was whole or is the last that there will be.
func (o *outcome) settle() {
	r := o.stopped
	if r == nil {
		return
	}
	o.same += max(r.Same-o.again, 0)
	o.left += r.Left
	o.failed = append(o.failed, r.Failed...)
	o.again, o.stopped = 0, nil
}

// cancel ends the run for good: what came back stays.
func (r *run) cancel() {
	r.state, r.total.cancelled = runOver, true
	r.total.settle()
}

// begin restores; one that is paused or over is put away.
func (r *restoring) begin(wish wish) {
	if r.run != nil && r.run.state < runPaused {
		r.w.tell(problemOf(syncer.ErrBusy))
		return
	}
	r.run = &run{wish: wish}
	r.goOn()
}

// goOn runs what is left of the wish.
func (r *restoring) goOn() {
	now := r.run
	asked, stop := context.WithCancel(context.Background())
	now.state, now.problem, now.stop, now.under = runGoing, nil, stop, 0
	now.progress = syncer.Progress{Started: time.Now()}
	r.drawRun()
	var done []partDone
	r.w.do(func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(asked, cancel)()
		return r.restoreParts(ctx, now, &done)
	}, func(err error) {
		stop()
		for _, x := range done {
			now.total.add(x.got, x.whole)
			if x.whole {
				now.part++
			}
		}
		r.ended(now, err)
	})
}

// partDone is what one call of the engine brought back; whole when it was not stopped.
type partDone struct {
	got   *syncer.Restored
	whole bool
}

// restoreParts runs away from the UI goroutine, and tells it how far it is.
func (r *restoring) restoreParts(ctx context.Context, now *run, done *[]partDone) error {
	for i, part := range now.wish.parts[now.part:] {
		latest := make(chan syncer.Progress, 1) // a slow window skips values
		report := func(p syncer.Progress) {
			select {
			case <-latest:
			default:
			}
			select {
			case latest <- p:
			default:
			}
		}
		var got *syncer.Restored
		var err error
		go func() {
			defer close(latest)
			got, err = r.w.engine.Restore(ctx, part, report)
		}()
		for p := range latest {
			if ctx.Err() == nil {
				r.w.post(func() { now.progress, now.under = p, i; r.drawRun() })
			}
		}
		*done = append(*done, partDone{got, err == nil})
		if err != nil {
			return err
		}
	}
	return nil
}

// ended says what became of it.
func (r *restoring) ended(now *run, err error) {
	switch {
	case now.state == runStopping && err == nil:
		now.state = runOver // it was through when it was to stop
	case now.state == runStopping:
		now.cancel()
	case err == nil:
		now.state = runOver
	case now.state == runPausing && errors.Is(err, context.Canceled):
		now.state = runPaused
	default: // the storage does not answer, say: the same again goes on
		p := problemOf(err)
		now.state, now.problem = runPaused, &p
	}
	r.drawRun()
}

func (r *restoring) pause() {
	if r.run.state == runGoing {
		r.run.state = runPausing
		r.run.stop()
		r.drawRun()
	}
}

// cancel ends it for good, at once or when the engine has stopped.
func (r *restoring) cancel() {
	switch r.run.state {
	case runGoing, runPausing:
		r.run.state = runStopping
		r.run.stop()
	case runPaused:
		r.run.cancel()
	}
	r.drawRun()
}

// runCard shows a run.
type runCard struct {
	root   *fyne.Container
	w      *Window
	halo   *kit.Halo
	title  *kit.Paragraph
	detail *kit.Paragraph
	bar    *kit.Bar
	barBox *fyne.Container
	note   *kit.Paragraph

	pause, goOn, cancel, open, done *kit.Button

	failed    []syncer.Failure
	table     *kit.Table
	failures  *fyne.Container
	failedBox *fyne.Container // the table, as tall as it has to be
}

func newRunCard(r *restoring) *runCard {
	c := &runCard{
		w: r.w, halo: kit.NewHalo("restore", kit.Accent), title: kit.NewParagraph("").AsTitle(), detail: kit.NewParagraph("").Secondary(),
		bar: kit.NewBar(kit.Accent), note: kit.NewParagraph("").Secondary(),
	}
	c.barBox = kit.PadEach(6, 0, 0, 0, c.bar)
	c.pause = kit.NewButton(kit.Secondary, "pause", lang.L("Pause"), r.pause)
	c.goOn = kit.NewButton(kit.Primary, "play", lang.L("Go on"), r.goOn)
	c.cancel = kit.NewButton(kit.Secondary, "", lang.L("Cancel"), r.cancel)
	c.open = kit.NewButton(kit.Secondary, "folder", lang.L("Show in folder"), func() {
		if targets := r.run.total.targets; len(targets) > 0 {
			c.w.start(c.open, func(context.Context) error { return openPath(targets[0]) })
		}
	})
	c.done = kit.NewButton(kit.Primary, "", lang.L("Done"), r.putAway)
	c.table = kit.NewTable(lang.L("What could not be restored"), []kit.Column{{Title: lang.L("File"), Weight: 5}, {Title: lang.L("Why"), Weight: 6, Muted: true}},
		func() int { return len(c.failed) }, func(row, column int) kit.Cell {
			if column == 0 {
				return kit.Cell{Icon: "warning", Tone: kit.Warn, Text: kit.Shown(c.failed[row].Path)}
			}
			return kit.Cell{Text: reasonWords(c.failed[row].Reason)}
		})
	c.failedBox = container.NewStack()
	c.failures = kit.PadEach(16, 0, 0, 0, kit.VBox(8, kit.Strong(lang.L("What could not be restored, and why")).Clipped(), c.failedBox))
	words := kit.VBox(4, c.title, c.detail, c.barBox, c.note)
	c.root = kit.Card(kit.VBox(0, kit.Lead(18, kit.Middle(c.halo), words),
		kit.PadEach(14, 0, 0, 0, kit.Between(kit.NewBox("", "", 0), kit.HBox(8, c.cancel, c.pause, c.open, c.goOn, c.done))), c.failures))
	return c
}

// set draws a run.
func (c *runCard) set(r *run, at time.Time) {
	over, paused := r.state == runOver, r.state == runPaused
	shown(c.pause, r.state == runGoing)
	shown(c.goOn, paused)
	shown(c.cancel, !over && r.state != runStopping)
	shown(c.open, over && len(r.total.targets) > 0)
	shown(c.done, over)
	c.failed = nil
	if over {
		c.failed = r.total.failed
		const head, line = 34, 40
		c.failedBox.Objects = []fyne.CanvasObject{kit.Fixed(0, head+line*float32(min(len(c.failed), 6)), c.table.Root)}
		c.table.Refresh()
	}
	shown(c.failures, len(c.failed) > 0)
	if over {
		c.setReport(r.total)
		return
	}
	words, part, known := restoreProgress(r.progress, at)
	c.title.SetText(r.wish.title)
	c.bar.Set(part, kit.Accent)
	shown(c.barBox, known)
	c.halo.Set("restore", kit.Accent)
	note := kit.Shown(r.progress.Current)
	switch {
	case r.problem != nil:
		c.halo.Set("warning", problemTone(*r.problem))
		c.title.SetText(translated(r.problem.Title))
		words, note = lang.L("What came back until now is in its place. Going on brings the rest."), problemText(*r.problem)
	case paused:
		c.halo.Set("pause", kit.Idle)
		words, note = facts(lang.L("Paused"), words), lang.L("What came back until now is in its place. Going on brings the rest.")
	case r.state != runGoing:
		words, note = lang.L("Stopping…"), ""
	case len(r.wish.parts) > 1:
		words = facts(lang.L("Part {{.Part}} of {{.All}}", values{"Part": r.part + r.under + 1, "All": len(r.wish.parts)}), words)
	}
	c.detail.SetText(words)
	c.note.SetText(note)
	shown(c.note, note != "")
}

// restoreProgress says how far a restore is.
func restoreProgress(p syncer.Progress, at time.Time) (words string, part float64, known bool) {
	if p.TotalBytes <= 0 && p.TotalFiles <= 0 || p.Phase == "looking" {
		return lang.L("Working out what has to come back"), 0, false
	}
	if p.Phase == "confirming" {
		return lang.L("Making sure that everything is on the disk"), 1, true
	}
	if p.TotalBytes <= 0 { // empty files only
		return files(p.Files), float64(p.Files) / float64(p.TotalFiles), true
	}
	return progressWords(p, at)
}

// setReport closes a restore: what came back, and what did not.
func (c *runCard) setReport(o outcome) {
	tone, glyph := kit.Good, "check"
	title := lang.N("{{.Number}} files restored", int(o.files), values{"Number": number(o.files)})
	switch {
	case len(o.failed) > 0:
		tone, glyph = kit.Warn, "warning"
		title = lang.N("{{.Done}} restored, {{.Number}} could not be", len(o.failed), values{"Done": number(o.files), "Number": number(int64(len(o.failed)))})
	case o.cancelled:
		tone, glyph = kit.Idle, "info"
	case o.files == 0 && o.same > 0:
		title = lang.L("Everything is there already")
	}
	c.halo.Set(glyph, tone)
	c.title.SetText(title)
	var same, left, bare, stopped string
	if o.same > 0 {
		same = lang.N("{{.Number}} were there already, the same", int(o.same), values{"Number": number(o.same)})
	}
	if o.left > 0 {
		left = lang.N("{{.Number}} skipped, because another file is there", int(o.left), values{"Number": number(o.left)})
	}
	if o.bare > 0 {
		bare = lang.N("{{.Number}} without some of their attributes", int(o.bare), values{"Number": number(o.bare)})
	}
	if o.cancelled {
		stopped = lang.L("Cancelled before everything was back")
	}
	c.detail.SetText(facts(stopped, size(o.bytes), same, left, bare))
	where := ""
	if len(o.targets) > 0 {
		where = lang.L("In {{.Folder}}", values{"Folder": kit.Shown(strings.Join(o.targets, ", "))})
	}
	c.note.SetText(where)
	shown(c.note, where != "")
	shown(c.barBox, false)
}

// reasonWords says in the language of the window why a file could not be restored.
func reasonWords(reason string) string {
	switch reason {
	case "its stored data is missing from the storage":
		return lang.L("Its stored data is missing from the storage")
	case "its stored data is damaged":
		return lang.L("Its stored data is damaged")
	case "something else stands in its place":
		return lang.L("Something else stands in its place")
	case "its place was taken again and again":
		return lang.L("Its place was taken again and again")
	case "its name is not possible on this computer":
		return lang.L("Its name is not possible on this computer")
	case "no permission to write it":
		return lang.L("No permission to write it")
	case "its folder was moved or removed meanwhile":
		return lang.L("Its folder was moved or removed meanwhile")
	default:
		return kit.Shown(reason)
	}
}
