package ui

import (
	"context"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// begin restores. The engine does so by itself, and tells in its status how far it is; one that is paused or over is put away.
func (r *restoring) begin(wish wish) {
	if r.w.now.Restore != nil && (r.w.now.Restore.State == syncer.ErrandGoing || r.w.now.Restore.State == syncer.ErrandStopping) {
		r.w.tell(problemOf(syncer.ErrRestoring))
		return
	}
	r.errand.begin(&syncer.RestoreRun{Title: wish.title, State: syncer.ErrandGoing, Parts: len(wish.parts)}, r.w.now.Restore)
	r.view(r.page.Root)
	r.drawRun()
	r.w.do(func(ctx context.Context) error {
		return r.w.engine.StartRestore(ctx, syncer.RestoreWish{Title: wish.title, Parts: wish.parts})
	}, func(err error) {
		if err != nil {
			r.errand.first = nil
			r.drawRun()
			r.w.tell(problemOf(err))
		}
	})
}

// current is the restore to show; nil without one.
func (r *restoring) current() *syncer.RestoreRun { return r.errand.current(r.now.Restore) }

func (r *restoring) steer(step syncer.ErrandStep) { r.errand.steer(r.current(), step) }

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
	step := func(s syncer.ErrandStep) func() { return func() { r.steer(s) } }
	c.pause = kit.NewButton(kit.Secondary, "pause", lang.L("Pause"), step(syncer.ErrandPause))
	c.goOn = kit.NewButton(kit.Primary, "play", lang.L("Go on"), step(syncer.ErrandGoOn))
	c.cancel = kit.NewButton(kit.Secondary, "", lang.L("Cancel"), step(syncer.ErrandCancel))
	c.open = kit.NewButton(kit.Secondary, "folder", lang.L("Show in folder"), func() {
		if run := r.current(); run != nil && len(run.Total.Targets) > 0 {
			c.w.start(c.open, func(context.Context) error { return openPath(run.Total.Targets[0]) })
		}
	})
	c.done = kit.NewButton(kit.Primary, "", lang.L("Done"), step(syncer.ErrandPutAway))
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
func (c *runCard) set(r *syncer.RestoreRun, at time.Time) {
	over := r.State == syncer.ErrandOver
	shown(c.pause, r.State == syncer.ErrandGoing)
	shown(c.goOn, r.State == syncer.ErrandPaused || r.State == syncer.ErrandStopped)
	shown(c.cancel, !over && r.State != syncer.ErrandStopping)
	shown(c.open, over && len(r.Total.Targets) > 0)
	shown(c.done, over)
	c.failed = nil
	if over {
		c.failed = r.Total.Failed
		const head, line = 34, 40
		c.failedBox.Objects = []fyne.CanvasObject{kit.Fixed(0, head+line*float32(min(len(c.failed), 6)), c.table.Root)}
		c.table.Refresh()
	}
	shown(c.failures, len(c.failed) > 0)
	if over {
		c.setReport(r)
		return
	}
	words, part, known := restoreProgress(r.Progress, at)
	c.title.SetText(kit.Shown(r.Title))
	c.bar.Set(part, kit.Accent)
	shown(c.barBox, known)
	c.halo.Set("restore", kit.Accent)
	note := kit.Shown(r.Progress.Current)
	switch {
	case r.State == syncer.ErrandStopped && r.Problem != nil:
		c.halo.Set("warning", problemTone(*r.Problem))
		c.title.SetText(translated(r.Problem.Title))
		words, note = lang.L("What came back until now is in its place. Going on brings the rest."), problemText(*r.Problem)
	case r.State == syncer.ErrandPaused:
		c.halo.Set("pause", kit.Idle)
		words, note = facts(lang.L("Paused"), words), lang.L("What came back until now is in its place. Going on brings the rest.")
	case r.State != syncer.ErrandGoing:
		words, note = lang.L("Stopping…"), ""
	case r.Parts > 1:
		words = facts(lang.L("Part {{.Part}} of {{.All}}", values{"Part": min(r.Part+1, r.Parts), "All": r.Parts}), words)
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
func (c *runCard) setReport(r *syncer.RestoreRun) {
	tone, glyph := kit.Good, "check"
	o := r.Total
	title := lang.N("{{.Number}} files restored", int(o.Files), values{"Number": number(o.Files)})
	switch {
	case r.Failed > 0:
		tone, glyph = kit.Warn, "warning"
		title = lang.N("{{.Done}} restored, {{.Number}} could not be", int(r.Failed), values{"Done": number(o.Files), "Number": number(r.Failed)})
	case r.Canceled:
		tone, glyph = kit.Idle, "info"
	case o.Files == 0 && o.Same > 0:
		title = lang.L("Everything is there already")
	}
	c.halo.Set(glyph, tone)
	c.title.SetText(title)
	var same, left, bare, stopped string
	if o.Same > 0 {
		same = lang.N("{{.Number}} were there already, the same", int(o.Same), values{"Number": number(o.Same)})
	}
	if o.Left > 0 {
		left = lang.N("{{.Number}} skipped, because another file is there", int(o.Left), values{"Number": number(o.Left)})
	}
	if o.Bare > 0 {
		bare = lang.N("{{.Number}} without some of their properties", int(o.Bare), values{"Number": number(o.Bare)})
	}
	if r.Canceled {
		stopped = lang.L("Cancelled before everything was back")
	}
	c.detail.SetText(facts(stopped, size(o.Bytes), same, left, bare))
	where := ""
	if len(o.Targets) > 0 {
		where = lang.L("In {{.Folder}}", values{"Folder": kit.Shown(strings.Join(o.Targets, ", "))})
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
	case "a newer Roost wrote it":
		return lang.L("A newer Roost wrote it")
	}
	switch {
	case strings.HasPrefix(reason, "a ") && strings.HasSuffix(reason, " should be"): // "a file stands where this folder should be"
		return lang.L("Something else stands in its place")
	case strings.HasPrefix(reason, "it could not be written: "): // and in the words of the system, why
		return lang.L("It could not be written: {{.Why}}", values{"Why": kit.Shown(strings.TrimPrefix(reason, "it could not be written: "))})
	}
	return kit.Shown(reason)
}
