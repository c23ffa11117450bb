package ui

import (
	"context"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// replacingCard says how far this computer is with taking the place of another one, and that it has.
type replacingCard struct {
	root   *fyne.Container
	w      *Window
	notice *kit.Notice
	end    *kit.Button      // ends what is told, or the wish
	drawn  syncer.Replacing // so that a button keeps the focus while nothing changes
}

func newReplacingCard(w *Window) *replacingCard {
	c := &replacingCard{w: w, notice: kit.NewNotice(kit.Accent, "", "")}
	c.root = kit.VBox(0, c.notice.Root)
	c.root.Hide()
	return c
}

func (c *replacingCard) draw(now Now) {
	r := now.Replaces
	shown(c.root, r != nil)
	if r == nil {
		c.drawn = syncer.Replacing{}
		return
	}
	if *r == c.drawn {
		return
	}
	c.drawn = *r
	name := values{"Name": kit.Shown(r.Name)}
	if !r.Done.IsZero() {
		c.end = kit.NewButton(kit.Secondary, "", lang.L("OK"), func() {
			c.w.start(c.end, func(ctx context.Context) error { return c.w.engine.Replace(ctx, "") })
		})
		c.notice.Set(kit.Good, lang.L("{{.Name}} is replaced by this computer", name),
			lang.L("Everything is saved from here, and a test restore brought its files back. The versions of {{.Name}} stay; this computer keeps them now.", name), c.end)
		return
	}
	text := lang.L("Every folder is saved. Next, files are brought back to try it. Until all of that went well, {{.Name}} stays as it is.", name)
	switch {
	case r.Folders == 0:
		text = lang.L("Add the folders that this computer keeps. When they are saved and a test restore went well, {{.Name}} leaves the backup.", name)
	case r.Saved < r.Folders:
		text = lang.N("{{.Done}} of {{.Number}} folders are saved. Then a test restore follows. Until all of that went well, {{.Name}} stays as it is.", r.Folders,
			values{"Done": number(int64(r.Saved)), "Number": number(int64(r.Folders)), "Name": name["Name"]})
	}
	c.end = kit.NewButton(kit.Secondary, "", lang.L("Keep both"), c.askKeepBoth)
	c.notice.Set(kit.Accent, lang.L("This computer takes the place of {{.Name}}", name), text, c.end)
}

// askKeepBoth asks whether the other one should stay.
func (c *replacingCard) askKeepBoth() {
	var d *kit.Dialog
	keep := kit.NewButton(kit.Primary, "", lang.L("Keep both"), func() {
		d.Close()
		c.w.start(c.end, func(ctx context.Context) error { return c.w.engine.Replace(ctx, "") })
	})
	d = kit.NewDialog(lang.L("Should {{.Name}} stay in the backup?", values{"Name": kit.Shown(c.drawn.Name)}),
		kit.NewParagraph(lang.L("Both computers then save to it, each with its own history. You can take the other one out later, in the settings.")).Secondary(),
		kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), keep)
	c.w.dialog(d)
}
