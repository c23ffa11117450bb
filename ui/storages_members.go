package ui

import (
	"context"
	"slices"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// membersPart tells, below a storage that is several acting as one, which of them hold the newest versions.
type membersPart struct {
	root   *fyne.Container
	sum    *figure
	list   *fyne.Container
	change *kit.Button
	drawn  []syncer.MemberStatus // so that nothing moves while nothing changes
}

func newMembersPart(change func()) *membersPart {
	m := &membersPart{sum: newFigure(), list: kit.VBox(4)}
	m.change = kit.NewButton(kit.Quiet, "", lang.L("Change…"), change).Spoken(lang.L("Change how many of them hold everything"))
	m.root = kit.VBox(8, kit.Between(m.sum.root, flush(m.change)), m.list)
	m.root.Hide()
	return m
}

func (m *membersPart) draw(c *syncer.ClusterStatus, now Now) {
	shown(m.root, c != nil)
	if c == nil {
		m.drawn = nil
		return
	}
	m.sum.set(lang.L("Several storages acting as one"), membersSum(c))
	if slices.Equal(m.drawn, c.Members) && len(m.list.Objects) == len(c.Members) {
		for i, x := range c.Members { // how long ago something was goes on
			m.list.Objects[i].(*kit.Row).Set(memberRow(x, now))
		}
		return
	}
	m.drawn = slices.Clone(c.Members)
	m.list.RemoveAll()
	for _, x := range c.Members {
		m.list.Add(kit.NewRow(memberRow(x, now), nil))
	}
}

// membersSum says how many of them hold the newest versions.
func membersSum(c *syncer.ClusterStatus) string {
	if !c.Known {
		return lang.N("{{.Count}} storages", len(c.Members), values{"Count": len(c.Members)})
	}
	return lang.N("{{.Done}} of {{.Count}} hold your newest versions", c.Wanted, values{"Done": min(c.Held, c.Wanted), "Count": c.Wanted})
}

func memberRow(m syncer.MemberStatus, now Now) kit.RowData {
	r := kit.RowData{Icon: "server", IconTone: kit.Idle, Title: kit.Shown(m.Called()), Detail: memberDetail(m, now.At)}
	switch m.State {
	case syncer.MemberHolds:
		r.IconTone = kit.Good
	case syncer.MemberAway, syncer.MemberFailed:
		r.IconTone = kit.Warn
	case syncer.MemberWaiting:
		r.IconTone = kit.Accent
	}
	return r
}

// memberDetail says how one of them is.
func memberDetail(m syncer.MemberStatus, at time.Time) string {
	switch m.State {
	case syncer.MemberHolds:
		return lang.L("Holds your newest versions")
	case syncer.MemberWaiting:
		return lang.L("Is on its way to your newest versions")
	case syncer.MemberFailed:
		return lang.L("Could not get your newest versions; it tries again")
	case syncer.MemberSpare:
		return lang.L("Is not needed: enough others hold them")
	case syncer.MemberThere:
		return lang.L("It answers.")
	case syncer.MemberAway:
		if !m.Since.IsZero() {
			return lang.L("Does not answer; noticed {{.Ago}}", values{"Ago": ago(m.Since, at)})
		}
	}
	return lang.L("Does not answer")
}

// membersSeen is how many alternatives the smallest window has room for; a longer list scrolls.
const membersSeen = 7

// askMembers asks how many of the storages that act as one have to hold everything.
func (p *storagePanel) askMembers() {
	w, c, name := p.s.w, p.storage.Cluster, p.storage.Name
	if c == nil {
		return
	}
	options := []kit.Alternative{{Label: lang.L("all that are there now")}}
	for i := 1; i <= max(len(c.Members), c.Copies); i++ { // what is wanted stays so where nobody changes it
		options = append(options, kit.Alternative{Label: lang.N("{{.Count}} of them", i, values{"Count": i})})
	}
	chosen := c.Copies
	choice := kit.NewChoice(options...)
	choice.Choose(chosen)
	choice.OnChanged = func(i int) { chosen = i }
	var d *kit.Dialog
	var save *kit.Button
	save = kit.NewButton(kit.Primary, "", lang.L("Save"), func() {
		d.Close()
		w.start(save, func(ctx context.Context) error { return w.engine.SetCopies(ctx, name, chosen) })
	})
	d = kit.NewDialog(lang.L("How many of them shall hold everything?"), kit.VBox(12,
		kit.NewParagraph(lang.L("Your files count as safe when so many of these storages hold your newest versions. With all of them, one that is gone for good is waited for no longer once you save this.")).Secondary(), atMost(membersSeen, len(options), choice.Root)),
		kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), save)
	w.dialog(d)
	choice.Focus()
}
