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

// removedList are the versions that left the list and can be brought back. A tap ticks one.
type removedList struct {
	s      *settingsScreen
	root   *fyne.Container
	body   *fyne.Container // the table, or what stands in its place
	table  *kit.Table
	every  *kit.Button
	back   *kit.Button
	remove *kit.Button

	asking question
	all    []syncer.RemovedVersion
	ticked map[string]bool // by id
}

// removedHeight is how much of the table is seen.
const removedHeight = 300

// removedView lists removed versions.
func (s *settingsScreen) removedView() settingsView {
	l := &removedList{s: s, asking: question{w: s.w}, ticked: map[string]bool{}, body: container.NewStack(waiting(lang.L("One moment")))}
	l.table = kit.NewTable(lang.L("Removed versions, newest first"), []kit.Column{
		{Title: lang.L("Folder"), Weight: 5},
		{Title: lang.L("Version"), Weight: 4, Muted: true},
		{Title: lang.L("Can be brought back until"), Weight: 4, Muted: true},
	}, func() int { return len(l.all) }, l.cell)
	l.table.OnSelect, l.table.OnOpen = l.tapped, l.tapped
	l.every = kit.NewButton(kit.Quiet, "", lang.L("Pick all"), l.tickAll)
	l.back = kit.NewButton(kit.Primary, "restore", lang.L("Bring back"), l.bringBack)
	l.remove = kit.NewButton(kit.Secondary, "trash", lang.L("Remove for good…"), l.askRemove)
	l.root = kit.Card(kit.VBox(10, kit.HBox(0, l.every), l.body, kit.Between(kit.NewBox("", "", 0), kit.HBox(8, l.remove, l.back))))
	l.drawButtons()
	l.read()
	return settingsView{
		title: lang.L("Removed versions"), left: l.asking.drop, body: []fyne.CanvasObject{l.root},
		lead: lang.L("They left the list by what you chose to keep, or because you removed them. For 30 days they can be brought back; then their space comes free, or earlier where it is needed."),
	}
}

func (l *removedList) read() {
	var all []syncer.RemovedVersion
	l.asking.ask(func(ctx context.Context) (err error) {
		all, err = l.s.w.engine.Removed(ctx)
		return err
	}, func(err error) {
		l.all, l.ticked = all, map[string]bool{}
		l.table.Unselect()
		l.table.Refresh()
		table := kit.Fixed(0, removedHeight, l.table.Root)
		switch {
		case err != nil && len(all) > 0:
			l.instead(kit.VBox(8, l.s.w.partly(err), table))
		case err != nil:
			l.instead(l.s.w.failure(err, l.read))
		case len(all) == 0:
			l.instead(kit.Empty("restore", lang.L("No version was removed"), lang.L("What leaves the list is found here for 30 days."), nil))
		default:
			l.instead(table)
		}
		l.drawButtons()
	})
}

func (l *removedList) instead(o fyne.CanvasObject) {
	l.body.Objects = []fyne.CanvasObject{o}
	l.body.Refresh()
}

func (l *removedList) drawButtons() {
	for _, b := range []*kit.Button{l.back, l.remove} {
		shown(b, len(l.all) > 0)
		if len(l.ticked) > 0 {
			b.Enable()
		} else {
			b.Disable()
		}
	}
	shown(l.every, len(l.all) > 0)
	l.every.SetLabel(lang.L("Pick all"))
	if n := len(l.ticked); n > 0 {
		l.every.SetLabel(lang.N("{{.Number}} picked, stop picking", n, values{"Number": number(int64(n))}))
	}
	l.s.refresh()
}

func (l *removedList) now() time.Time {
	if l.s.now.At.IsZero() {
		return time.Now()
	}
	return l.s.now.At
}

func (l *removedList) cell(row, column int) kit.Cell {
	x := l.all[row]
	switch column {
	case 0:
		c := kit.Cell{Icon: "folder", Tone: kit.Accent, Text: removedName(x)}
		if x.Forgotten != "" {
			c.Icon, c.Tone = glyphOf(x.Forgotten), kit.Idle
		}
		if l.ticked[x.ID.String()] {
			c.Icon, c.Tone = "check", kit.Good
		}
		return c
	case 1:
		return kit.Cell{Text: moment(x.Time(), l.now())}
	default:
		return kit.Cell{Text: longAhead(x.Until, l.now())}
	}
}

func (l *removedList) tapped(row int) {
	l.table.Unselect()
	id := l.all[row].ID.String()
	if l.ticked[id] {
		delete(l.ticked, id)
	} else {
		l.ticked[id] = true
	}
	l.table.Refresh()
	l.drawButtons()
}

func (l *removedList) tickAll() {
	if len(l.ticked) > 0 {
		l.ticked = map[string]bool{}
	} else {
		for _, x := range l.all {
			l.ticked[x.ID.String()] = true
		}
	}
	l.table.Refresh()
	l.drawButtons()
}

// picked are the ids of what is ticked, in their order.
func (l *removedList) picked() (ids []string) {
	for _, x := range l.all {
		if l.ticked[x.ID.String()] {
			ids = append(ids, x.ID.String())
		}
	}
	return ids
}

// bringBack lists what is ticked again.
func (l *removedList) bringBack() {
	var back []syncer.Version
	ids := l.picked()
	l.back.Disable()
	l.s.w.do(func(ctx context.Context) (err error) {
		back, err = l.s.w.engine.BringBack(ctx, ids)
		return err
	}, func(err error) {
		if err != nil {
			l.s.w.Tell(err)
		} else {
			l.s.w.versionsChanged()
			l.s.w.say(kit.Good, lang.N("{{.Number}} versions are back", len(back), values{"Number": number(int64(len(back)))}))
		}
		l.read()
	})
}

// askRemove says what goes for good, and has it go.
func (l *removedList) askRemove() {
	ids := l.picked()
	o := syncer.ForgetOptions{Versions: ids, Now: true, Preview: true}
	n := values{"Number": number(int64(len(ids)))}
	var f *syncer.Forgotten
	l.s.w.do(func(ctx context.Context) (err error) {
		f, err = l.s.w.engine.Forget(ctx, o, nil)
		return err
	}, func(err error) {
		if err != nil {
			l.s.w.Tell(err)
			l.read()
			return
		}
		said := []string{
			lang.L("The newest of them is of {{.Name}}, with {{.Files}}, {{.Size}}.", values{"Name": baseName(f.Folder), "Files": files(f.Files), "Size": size(f.Bytes)}),
			leftWords(f.Left),
			lang.L("This can't be undone."),
		}
		var d *kit.Dialog
		d = kit.NewDialog(lang.N("Remove {{.Number}} versions for good?", len(ids), n), kit.NewParagraph(strings.Join(said, " ")).Secondary(),
			kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }),
			kit.NewButton(kit.Danger, "", lang.L("Remove for good"), func() { d.Close(); l.removeForGood(ids) }))
		l.s.w.dialog(d)
	})
}

func (l *removedList) removeForGood(ids []string) {
	l.remove.Disable()
	l.back.Disable()
	var f *syncer.Forgotten
	l.s.w.do(func(ctx context.Context) (err error) {
		f, err = l.s.w.engine.Forget(ctx, syncer.ForgetOptions{Versions: ids, Now: true}, nil)
		return err
	}, func(err error) {
		switch {
		case err != nil:
			l.s.w.Tell(err)
		case f.Freed != nil:
			l.s.w.say(kit.Good, lang.L("{{.Size}} came free", values{"Size": size(f.Freed.Freed)}))
		}
		l.read()
	})
}

// leftWords says how many versions remain in the list.
func leftWords(n int64) string {
	return lang.N("{{.Number}} versions of this computer remain.", int(n), values{"Number": number(n)})
}
