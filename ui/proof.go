package ui

import (
	"context"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// proofCard says when the storages were last looked at, what came of it, and brings files back to try it.
type proofCard struct {
	root   *fyne.Container
	w      *Window
	button *kit.Button
	lines  []*proofLine
	list   *fyne.Container
	going  *fyne.Container // while files are brought back
	far    *kit.Paragraph
	bar    *kit.Bar
	notice *kit.Notice // what came of it, or why it could not be done
	resize func()
}

type proofLine struct {
	root *fyne.Container
	icon *kit.Icon
	text *kit.Paragraph
}

func newProofCard(w *Window, resize func()) *proofCard {
	c := &proofCard{w: w, list: kit.VBox(8), far: kit.NewParagraph("").Secondary(), bar: kit.NewBar(kit.Accent), notice: kit.NewNotice(kit.Good, "", ""), resize: resize}
	c.button = kit.NewButton(kit.Secondary, "shield-check", lang.L("Test restore now"), c.drill)
	c.going = kit.VBox(8, c.far, c.bar)
	c.going.Hide()
	c.notice.Root.Hide()
	c.root = kit.Card(kit.VBox(12, kit.Between(kit.Heading(lang.L("Checks and test restores")).Clipped(), c.button), c.list, c.going, c.notice.Root))
	return c
}

func (c *proofCard) draw(now Now) {
	said := proofWords(now)
	for i, x := range said {
		if i == len(c.lines) {
			l := &proofLine{icon: kit.NewIcon("info", 17, kit.ColourMuted), text: kit.NewParagraph("")}
			l.root = kit.Lead(10, kit.Middle(l.icon), l.text)
			c.lines = append(c.lines, l)
			c.list.Add(l.root)
		}
		shown(c.lines[i].root, true)
		glyph := "check"
		switch x.tone {
		case kit.Warn, kit.Bad:
			glyph = "warning"
		case kit.Idle:
			glyph = "clock"
		}
		c.lines[i].icon.Set(glyph, x.tone.Colour())
		c.lines[i].text.SetText(x.text)
	}
	for _, l := range c.lines[min(len(said), len(c.lines)):] {
		shown(l.root, false)
	}
}

// proved is a sentence about what was looked at.
type proved struct {
	text string
	tone kit.Tone
}

// proofWords are all sentences about what was looked at, the test restores first.
func proofWords(now Now) (out []proved) {
	p := now.Proof
	for _, d := range p.Drills {
		out = append(out, drillWords(d, len(now.Storages) > 1, now.At))
	}
	if len(p.Drills) == 0 {
		out = append(out, proved{lang.L("No test restore yet. Roost makes one by itself once a month: it brings random files back and compares them."), kit.Idle})
	}
	out = append(out, lastCheckWords(now))
	if !p.ReadAll.IsZero() {
		out = append(out, proved{lang.L("All that is stored was read through {{.Ago}}.", values{"Ago": ago(p.ReadAll, now.At)}), kit.Good})
	}
	return out
}

func drillWords(d syncer.Drilled, several bool, at time.Time) proved {
	v := values{"Ago": ago(d.Time, at), "Back": number(int64(d.Back)), "All": number(int64(d.Files)), "Storage": kit.Shown(d.Storage)}
	tone := kit.Good
	switch {
	case d.Files == 0:
		return proved{lang.L("There is no file yet that a test restore could bring back."), kit.Idle}
	case !d.OK():
		tone = kit.Bad
	}
	if several {
		return proved{lang.L("Test restore from {{.Storage}} {{.Ago}}: {{.Back}} of {{.All}} came back.", v), tone}
	}
	return proved{lang.L("Test restore {{.Ago}}: {{.Back}} of {{.All}} came back.", v), tone}
}

// lastCheckWords says what the last check found. What was lost and not mended at once is saved again by the next backup.
func lastCheckWords(now Now) proved {
	p := now.Proof
	v := values{"Ago": ago(p.Checked, now.At)}
	switch {
	case p.Checked.IsZero():
		return proved{lang.L("Not checked yet. Roost looks every day whether everything is there."), kit.Idle}
	case p.Found == 0:
		return proved{lang.L("Checked {{.Ago}}: nothing is missing or damaged.", v), kit.Good}
	case p.Mended == p.Found:
		v["Number"] = number(int64(p.Found))
		return proved{lang.N("Checked {{.Ago}}: {{.Number}} damaged places were found, and mended.", p.Found, v), kit.Good}
	}
	v["Number"] = number(int64(p.Found))
	return proved{lang.N("Checked {{.Ago}}: {{.Number}} damaged places were found. What this computer still has is saved again.", p.Found, v), kit.Warn}
}

// homeProof is the one sentence for the home screen: of the test restores, or else of the last check. What needs more stands
// among the problems there.
func homeProof(now Now) string {
	p := now.Proof
	if len(now.Folders) == 0 {
		return ""
	}
	all := syncer.Drilled{}
	for _, d := range p.Drills {
		all.Files += d.Files
		all.Back += d.Back
		if all.Time.IsZero() || d.Time.Before(all.Time) {
			all.Time = d.Time
		}
	}
	switch {
	case p.Found > 0 && !p.Checked.Before(all.Time):
		return lastCheckWords(now).text
	case all.Files > 0:
		return drillWords(all, false, now.At).text
	case !p.Checked.IsZero():
		return lastCheckWords(now).text
	}
	return ""
}

// drill brings files back from every storage, to try it.
func (c *proofCard) drill() {
	c.button.Disable()
	shown(c.notice.Root, false)
	c.progress(syncer.Progress{})
	shown(c.going, true)
	c.resize()
	var got []syncer.Drilled
	c.w.do(func(ctx context.Context) error {
		return c.w.follow(ctx, func(r syncer.Report) (err error) {
			got, err = c.w.engine.Drill(ctx, r)
			return err
		}, c.progress)
	}, func(err error) {
		c.button.Enable()
		shown(c.going, false)
		c.ended(got, err)
		shown(c.notice.Root, true)
		c.resize()
	})
}

func (c *proofCard) progress(p syncer.Progress) {
	words, part := lang.L("Random files are being brought back, to try it. Nothing on this computer changes."), 0.0
	if p.TotalFiles > 0 {
		words = lang.N("{{.Done}} of {{.Number}} files", int(p.TotalFiles), values{"Done": number(p.Files), "Number": number(p.TotalFiles)})
		part = float64(p.Files) / float64(p.TotalFiles)
	}
	c.far.SetText(words)
	c.bar.Set(part, kit.Accent)
}

// ended says what came of it: of all storages in one.
func (c *proofCard) ended(got []syncer.Drilled, err error) {
	closed := kit.NewButton(kit.Quiet, "close", "", func() { shown(c.notice.Root, false); c.resize() }).Spoken(lang.L("Close this message"))
	if err != nil {
		p := problemOf(err)
		c.notice.Set(problemTone(p), translated(p.Title), c.w.problemText(p), append(c.w.problemButtons(p), closed)...)
		return
	}
	var files, back, same int
	var lost string
	for _, d := range got {
		files, back, same = files+d.Files, back+d.Back, same+d.Same
		for _, f := range d.Failed {
			if lost == "" {
				lost = lang.L("{{.Name}}: {{.Text}}", values{"Name": kit.Shown(f.Path), "Text": translated(f.Reason)})
			}
		}
	}
	title := lang.L("{{.Back}} of {{.All}} came back", values{"Back": number(int64(back)), "All": number(int64(files))})
	switch {
	case files == 0:
		c.notice.Set(kit.Idle, lang.L("There is nothing to try yet"), lang.L("After the first backup, a test restore brings some of its files back."), closed)
	case back < files:
		mend := kit.NewButton(kit.Secondary, "shield-check", lang.L("Check and save again"), nil)
		mend.SetTap(func() { c.w.start(mend, c.w.mend) })
		c.notice.Set(kit.Bad, title, lost, closed, mend)
	default:
		c.notice.Set(kit.Good, title, lang.N("Every one passed its checks, and {{.Number}} are the same as the files here, byte by byte.", same, values{"Number": number(int64(same))}), closed)
	}
}
