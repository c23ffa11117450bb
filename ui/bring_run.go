package ui

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// bringCard shows what is being brought in, or the report of it.
type bringCard struct {
	root   *fyne.Container
	w      *Window
	halo   *kit.Halo
	title  *kit.Paragraph
	detail *kit.Paragraph
	bar    *kit.Bar
	barBox *fyne.Container
	note   *kit.Paragraph

	pause, goOn, skip, cancel, details, done *kit.Button

	run     *syncer.BringRun // as drawn
	parts   []bringLine
	table   *kit.Table
	listBox *fyne.Container // the table, as tall as it has to be

	errand errand[syncer.BringRun]
}

// bringLine is one part as the table shows it.
type bringLine struct{ name, what kit.Cell }

func newBringCard(w *Window) *bringCard {
	c := &bringCard{
		w: w, halo: kit.NewHalo("archive", kit.Accent), title: kit.NewParagraph("").AsTitle(), detail: kit.NewParagraph("").Secondary(),
		bar: kit.NewBar(kit.Accent), note: kit.NewParagraph("").Secondary(),
	}
	c.errand = errand[syncer.BringRun]{
		w: w, at: func(x *syncer.BringRun) (string, *string) { return x.ID, &x.State },
		take: func(ctx context.Context, id string, step syncer.ErrandStep) error {
			return w.engine.SteerBring(ctx, id, step)
		},
		redraw: func() {
			if run := c.current(w.now); run != nil {
				c.set(run, w.now)
			}
		},
	}
	c.barBox = kit.PadEach(6, 0, 0, 0, c.bar)
	step := func(s syncer.ErrandStep) func() { return func() { c.errand.steer(c.run, s) } }
	c.pause = kit.NewButton(kit.Secondary, "pause", lang.L("Pause"), step(syncer.ErrandPause))
	c.goOn = kit.NewButton(kit.Primary, "play", lang.L("Go on"), step(syncer.ErrandGoOn))
	c.skip = kit.NewButton(kit.Secondary, "", lang.L("Leave this one out"), step(syncer.ErrandSkip))
	c.cancel = kit.NewButton(kit.Secondary, "", lang.L("Cancel"), step(syncer.ErrandCancel))
	c.details = kit.NewButton(kit.Quiet, "", lang.L("Details"), func() { w.showText(lang.L("Details"), bringDetails(c.run)) })
	c.done = kit.NewButton(kit.Primary, "", lang.L("Done"), step(syncer.ErrandPutAway))
	c.table = kit.NewTable(lang.L("What is brought in"), []kit.Column{{Title: lang.L("What"), Weight: 4}, {Title: lang.L("How far it is"), Weight: 7, Muted: true}},
		func() int { return len(c.parts) }, func(row, column int) kit.Cell {
			if column == 0 {
				return c.parts[row].name
			}
			return c.parts[row].what
		})
	c.listBox = container.NewStack()
	words := kit.VBox(4, c.title, c.detail, c.barBox, c.note)
	c.root = kit.Card(kit.VBox(0, kit.Lead(18, kit.Middle(c.halo), words), kit.PadEach(14, 0, 0, 0, c.listBox),
		kit.PadEach(14, 0, 0, 0, kit.Between(kit.HBox(0, c.details), kit.HBox(8, c.cancel, c.skip, c.pause, c.goOn, c.done)))))
	c.root.Hide()
	return c
}

// current is the run to show; nil without one.
func (c *bringCard) current(now Now) *syncer.BringRun { return c.errand.current(now.Bring) }

// set draws a run.
func (c *bringCard) set(r *syncer.BringRun, now Now) {
	c.run = r
	over := r.State == syncer.ErrandOver
	shown(c.pause, r.State == syncer.ErrandGoing)
	shown(c.goOn, r.State == syncer.ErrandPaused || r.State == syncer.ErrandStopped)
	shown(c.skip, r.State == syncer.ErrandStopped && len(r.Parts) > 1)
	shown(c.cancel, !over && r.State != syncer.ErrandStopping)
	shown(c.done, over)
	shown(c.barBox, !over)
	words, part, known := bringProgress(r, now.At)
	c.drawParts(r, words)
	if over {
		c.setReport(r)
		return
	}
	c.halo.Set("archive", kit.Accent)
	c.title.SetText(lang.L("Bringing it in"))
	c.bar.Set(part, kit.Accent)
	shown(c.barBox, known)
	note := kit.Shown(r.Progress.Current)
	switch {
	case r.State == syncer.ErrandStopped && r.Problem != nil:
		c.halo.Set("warning", problemTone(*r.Problem))
		c.title.SetText(translated(r.Problem.Title))
		words, note = lang.L("What is in the backup by now stays there. Going on brings the rest."), problemText(*r.Problem)
	case r.State == syncer.ErrandPaused:
		c.halo.Set("pause", kit.Idle)
		words, note = facts(lang.L("Paused"), words), lang.L("What is in the backup by now stays there. Going on brings the rest.")
	case r.State != syncer.ErrandGoing:
		words, note = lang.L("Stopping…"), ""
	default:
		if len(r.Parts) > 1 {
			words = facts(lang.L("Part {{.Part}} of {{.All}}", values{"Part": min(r.Part+1, len(r.Parts)), "All": len(r.Parts)}), words)
		}
		if note == "" {
			note = lang.L("It goes on when you close this window.")
		}
	}
	c.detail.SetText(words)
	c.note.SetText(note)
	shown(c.note, note != "")
}

// bringProgress says how far the part under way is.
func bringProgress(r *syncer.BringRun, at time.Time) (words string, part float64, known bool) {
	p := r.Progress
	if p.TotalBytes <= 0 && r.Part < len(r.Parts) && p.Phase != "looking" {
		p.TotalBytes, p.TotalFiles = max(r.Parts[r.Part].Bytes, p.Bytes), r.Parts[r.Part].Files // as estimated
	}
	switch {
	case p.Phase == "confirming":
		return lang.L("Waiting until the storage confirms it"), 1, true
	case p.Phase == "checking":
		words, part, known = progressWords(p, at)
		return facts(lang.L("Reading it back"), words), part, known
	case p.TotalBytes <= 0:
		return lang.L("Finding out how much it is"), 0, false
	}
	return progressWords(p, at)
}

// drawParts lists every part with what became of it.
func (c *bringCard) drawParts(r *syncer.BringRun, words string) {
	lines := make([]bringLine, len(r.Parts))
	for i, p := range r.Parts {
		glyph, kind := bringKind(p.Kind)
		l := bringLine{kit.Cell{Icon: glyph, Tone: kit.Idle, Text: bringName(p)}, kit.Cell{Text: kind}}
		switch {
		case i < len(r.Done):
			l.name.Icon, l.name.Tone, l.what.Text = broughtWords(r.Done[i])
		case i == r.Part && r.State == syncer.ErrandGoing:
			l.name.Tone, l.what.Text = kit.Accent, words
		case r.State == syncer.ErrandOver:
			l.what.Text = lang.L("Not brought in")
		}
		lines[i] = l
	}
	if slices.Equal(lines, c.parts) {
		return
	}
	if len(lines) != len(c.parts) || len(c.listBox.Objects) == 0 {
		const head, line = 34, 40
		c.listBox.Objects = []fyne.CanvasObject{kit.Fixed(0, head+line*float32(min(len(lines), 6)), c.table.Root)}
	}
	c.parts = lines
	c.table.Refresh()
}

// broughtWords says what became of a part.
func broughtWords(b syncer.Brought) (glyph string, tone kit.Tone, words string) {
	if b.Problem != nil {
		return "warning", kit.Warn, translated(b.Problem.Title)
	}
	glyph, tone = "check", kit.Good
	var versions, names, fresh, failed string
	if b.Versions > 1 {
		versions = lang.N("{{.Number}} versions", b.Versions, values{"Number": number(int64(b.Versions))})
	}
	switch {
	case b.Kind == syncer.BringMove:
		return glyph, tone, lang.L("{{.Name}} took over. The old storage still gets a copy, until you remove it here.", values{"Name": kit.Shown(b.Name)})
	case b.Kind == syncer.BringExport || b.Kind == syncer.BringImport:
		names, fresh = size(b.Bytes), lang.L("{{.Size}} new", values{"Size": size(b.StoredBytes)})
		if b.Kind == syncer.BringExport {
			fresh = facts(fresh, lang.L("in the folder {{.Name}}", values{"Name": baseName(b.Name)}))
		}
	case b.Kind == syncer.BringOpen:
		names, fresh = facts(files(b.Files), size(b.Bytes)), lang.L("open on {{.Storage}}", values{"Storage": kit.Shown(b.Name)})
	case b.Versions == 0 && b.Already > 0 && b.Failed == 0:
		return glyph, tone, lang.L("Everything was there already")
	default:
		names = facts(files(b.Files), size(b.Bytes))
		fresh = lang.L("{{.Size}} new", values{"Size": size(b.NewBytes)})
	}
	if b.Failed > 0 {
		glyph, tone = "warning", kit.Warn
		failed = lang.N("{{.Number}} could not be", int(b.Failed), values{"Number": number(b.Failed)})
	}
	return glyph, tone, facts(failed, versions, names, fresh)
}

// setReport closes a run: what is in the backup now, and what is not.
func (c *bringCard) setReport(r *syncer.BringRun) {
	var all int64
	bad := 0
	var sum syncer.Brought
	for _, b := range r.Done {
		if b.Problem != nil {
			bad++
		}
		sum.Failed += b.Failed
		if b.Kind == syncer.BringFolder || b.Kind == syncer.BringDated || b.Kind == syncer.BringPlain {
			all += b.Files
			sum.Bytes += b.Bytes
			sum.StoredBytes += b.StoredBytes
		}
	}
	c.halo.Set("check", kit.Good)
	title := lang.L("Everything is in its place")
	switch {
	case bad > 0 || sum.Failed > 0:
		c.halo.Set("warning", kit.Warn)
		title = lang.L("Done, but not everything could be brought in")
	case r.Canceled:
		c.halo.Set("info", kit.Idle)
		title = lang.L("Cancelled")
	}
	c.title.SetText(title)
	words := ""
	if all > 0 {
		words = facts(files(all), size(sum.Bytes), lang.L("{{.Size}} on the storage for it", values{"Size": size(sum.StoredBytes)}))
	}
	c.detail.SetText(words)
	shown(c.detail, words != "")
	note := ""
	if r.Canceled {
		note = lang.L("What was brought in until then stays.")
	}
	c.note.SetText(note)
	shown(c.note, note != "")
}

// bringDetails speaks the words of the storage, which are the same in every language; only why a file was left out is said in
// that of the window.
func bringDetails(r *syncer.BringRun) string {
	if r == nil {
		return ""
	}
	var b strings.Builder
	for i, p := range r.Parts {
		fmt.Fprintf(&b, "%d %s %s\n", i+1, p.Kind, kit.Shown(cmp.Or(p.Path, p.Plain.Path, p.From, p.Plain.Name)))
		cid := p.Plain.CID
		if i < len(r.Done) {
			d := r.Done[i]
			cid = cmp.Or(d.CID, cid)
			fmt.Fprintf(&b, "  files %d, bytes %d, new %d, stored %d, versions %d, there before %d, failed %d\n", d.Files, d.Bytes, d.NewBytes, d.StoredBytes, d.Versions, d.Already, d.Failed)
			if d.Name != p.Path && (p.Kind == syncer.BringExport || p.Kind == syncer.BringImport) { // in a folder of the disk
				fmt.Fprintf(&b, "  at %s\n", kit.Shown(d.Name))
			}
			if d.Problem != nil {
				fmt.Fprintf(&b, "  %s\n", kit.Shown(strings.TrimSpace(translated(d.Problem.Title)+". "+d.Problem.InFull())))
			}
			for _, s := range d.Skipped[:min(len(d.Skipped), 20)] {
				why, _ := leftOut{folder: p.Path, of: syncer.ActivityBackup, Skipped: s}.words()
				fmt.Fprintf(&b, "  %s: %s\n", kit.Shown(s.Path), why)
			}
		}
		if cid != "" {
			fmt.Fprintf(&b, "  CID %s\n", cid)
		}
	}
	return strings.TrimSpace(b.String())
}

// aboutTime is how long something takes, coarsely, within a line.
func aboutTime(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < time.Minute:
		return lang.L("about a minute")
	case d < time.Hour:
		minutes := int(d.Round(time.Minute) / time.Minute)
		return lang.N("about {{.Count}} minutes", minutes, values{"Count": minutes})
	default:
		hours := int(d.Round(time.Hour) / time.Hour)
		return lang.N("about {{.Count}} hours", hours, values{"Count": hours})
	}
}
