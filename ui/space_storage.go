package ui

import (
	"context"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// fullCard shows how full one storage is, lets a person limit it, and has it delete what nothing needs.
type fullCard struct {
	root  *fyne.Container
	s     *spaceScreen
	name  *kit.Text
	used  *kit.Text
	bar   *kit.Bar
	text  *kit.Paragraph
	limit *kit.Button
	unset *kit.Button
	free  *freeing
	space syncer.StorageSpace
}

func newFullCard(s *spaceScreen) *fullCard {
	c := &fullCard{s: s, name: kit.Heading("").Clipped(), used: kit.Strong(""), bar: kit.NewBar(kit.Accent), text: kit.NewParagraph("").Secondary()}
	c.limit = kit.NewButton(kit.Secondary, "", lang.L("Set a limit"), c.askLimit)
	c.unset = kit.NewButton(kit.Secondary, "", lang.L("Change the limit"), c.askLimit)
	c.free = newFreeing(s.w, func() { s.page.Refresh() })
	c.free.button.SetTap(func() { c.free.ask(c.space.Name, nil) })
	c.root = kit.Card(kit.VBox(12, kit.Between(c.name, c.used), c.bar, kit.Between(c.text, kit.HBox(8, c.limit, c.unset, c.free.button)), c.free.notice.Root))
	return c
}

func (c *fullCard) draw(x syncer.StorageSpace, now time.Time) {
	c.space = x
	c.name.SetText(kit.Shown(x.Name))
	most := x.Quota
	if x.Disk > 0 && (most == 0 || x.Disk < most) {
		most = x.Disk
	}
	c.used.SetText(size(x.RepoSize))
	shown(c.bar, most > 0)
	if most > 0 {
		c.used.SetText(lang.L("{{.Used}} of {{.Most}}", values{"Used": size(x.RepoSize), "Most": size(most)}))
		part := float64(x.RepoSize) / float64(most)
		tone := kit.Accent
		switch {
		case part >= 0.95:
			tone = kit.Bad
		case part >= 0.8:
			tone = kit.Warn
		}
		c.bar.Set(part, tone)
	}
	said := []string{lang.L("{{.Size}} of it are your backup.", values{"Size": size(x.Used)})}
	switch {
	case x.Stale:
		said = append(said, lang.L("It did not answer. This is what was known before."))
	case x.Full != nil:
		said = append(said, fullWords(x.Full, now))
	}
	if x.Sent > 0 {
		said = append(said, lang.L("{{.Size}} were sent to it this month.", values{"Size": size(x.Sent)}))
	}
	c.text.SetText(strings.Join(said, " "))
	shown(c.limit, x.Limit == 0)
	shown(c.unset, x.Limit > 0)
}

// askLimit asks how much the storage may hold.
func (c *fullCard) askLimit() {
	x := c.space
	field := kit.NewField(lang.L("Space limit"), "500 GB", lang.L("At 80 % of it Roost tells you. At the limit new changes wait, and nothing is deleted."))
	if x.Limit > 0 {
		field.SetText(strings.ReplaceAll(size(x.Limit), lang.X("number.point", "."), "."))
	}
	var d *kit.Dialog
	var set, none *kit.Button
	change := func(b *kit.Button, bytes int64) {
		b.Disable()
		c.s.w.do(func(ctx context.Context) error {
			return c.s.w.engine.SetLimit(ctx, x.Name, bytes)
		}, func(err error) {
			b.Enable()
			if err != nil {
				field.SetError(translated(problemOf(err).Title))
				return
			}
			d.Close()
		})
	}
	enter := func() {
		bytes, err := syncer.ParseSize(engineSize(field.Text()))
		if err != nil || bytes == 0 {
			field.SetError(lang.L("Type a size, such as 500 GB."))
			return
		}
		change(set, bytes)
	}
	field.OnEnter = enter
	set = kit.NewButton(kit.Primary, "", lang.L("Set limit"), enter)
	none = kit.NewButton(kit.Secondary, "", lang.L("No limit"), func() { change(none, 0) })
	buttons := []*kit.Button{kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() })}
	if x.Limit > 0 {
		buttons = append(buttons, none)
	}
	d = kit.NewDialog(lang.L("How much may {{.Name}} hold?", values{"Name": kit.Shown(x.Name)}), field.Root, append(buttons, set)...)
	c.s.w.dialog(d)
}
