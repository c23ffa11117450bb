package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// storagesScreen shows every storage, how it is, and what can be done about it.
type storagesScreen struct {
	w       *Window
	top     *fyne.Container // holds the page, or the choice of one more storage
	page    *kit.Page
	content *fyne.Container
	copies  *copiesCard
	proof   *proofCard
	notice  *kit.Notice // of the storage that is being added
	list    *fyne.Container
	panels  []*storagePanel // of the storages, in their order
	empty   *fyne.Container
	wait    *fyne.Container

	joining  *joining    // nil: none is being added
	choosing *onboarding // one more storage; nil: nobody does
	bring    *bringPage  // nil: it was not opened yet
	now      Now
	least    fyne.Size // what the content needed when it was laid out last
}

// joining is a storage that everything is being copied to.
type joining struct {
	how     syncer.SetupOptions
	stop    context.CancelCauseFunc
	problem *syncer.Problem // why it ended; nil while it goes on
}

func newStorages(w *Window) *storagesScreen {
	s := &storagesScreen{w: w, list: kit.VBox(kit.Gap), notice: kit.NewNotice(kit.Accent, "", "")}
	s.notice.Root.Hide()
	s.copies, s.proof = newCopiesCard(s.add, s.askCopies), newProofCard(w, s.redraw)
	s.empty = kit.Card(kit.Empty("storage", lang.L("There is no storage yet"), lang.L("Your backup needs a place of its own: a drive, a device at home or a rented server."),
		kit.NewButton(kit.Secondary, "plus", lang.L("Choose a place"), s.add)))
	s.wait = kit.Card(kit.Fixed(0, 220, waiting(lang.L("One moment"))))
	s.content = kit.VBox(18, kit.Title(lang.L("Storage")).Clipped(), kit.VBox(kit.Gap, s.wait, s.empty, s.copies.root, s.notice.Root, s.list, s.proof.root, bringDoor(s.showBring)))
	s.page = kit.NewPage(s.content)
	s.top = container.NewStack(s.page.Root)
	return s
}

func (s *storagesScreen) root() fyne.CanvasObject { return s.top }

func (s *storagesScreen) draw(now Now) {
	s.now = now
	known := !now.At.IsZero()
	shown(s.wait, !known)
	shown(s.empty, known && len(now.Storages) == 0)
	shown(s.copies.root, len(now.Storages) > 0)
	s.copies.draw(now)
	shown(s.proof.root, len(now.Storages) > 0)
	s.proof.draw(now)
	for i, storage := range now.Storages {
		if i == len(s.panels) {
			s.panels = append(s.panels, newStoragePanel(s))
			s.list.Add(s.panels[i].root)
		}
		shown(s.panels[i].root, true)
		s.panels[i].draw(storage, i, now)
	}
	for _, p := range s.panels[min(len(now.Storages), len(s.panels)):] {
		shown(p.root, false)
	}
	if s.bring != nil {
		s.bring.draw(now)
	}
	if least := s.content.MinSize(); least != s.least {
		s.least = least
		s.page.Refresh()
	}
}

// redraw is for what changed without the engine.
func (s *storagesScreen) redraw() {
	s.draw(s.now)
	s.page.Refresh()
	s.top.Refresh()
}

// panelOf finds a storage on the screen; nil where it is not, or not any more.
func (s *storagesScreen) panelOf(name string) *storagePanel {
	i := slices.IndexFunc(s.now.Storages, func(x syncer.StorageStatus) bool { return x.Name == name })
	if i < 0 || i >= len(s.panels) {
		return nil
	}
	return s.panels[i]
}

// check opens the screen and looks at a storage closely; "" is the first.
func (s *storagesScreen) check(name string) {
	s.w.Show(Storages)
	if name == "" {
		name = s.w.now.Node
	}
	if p := s.panelOf(name); p != nil {
		s.back()
		p.ask()
	}
}

// back shows the storages again.
func (s *storagesScreen) back() {
	s.choosing = nil
	s.top.Objects = []fyne.CanvasObject{s.page.Root}
	s.redraw()
}

// choose shows the pages of a choice in the place of the storages.
func (s *storagesScreen) choose(o *onboarding) {
	o.pick = s.w.chooseFolder
	s.choosing = o
	s.top.Objects = []fyne.CanvasObject{o.root()}
	s.top.Refresh()
}

// showPins shows what a storage keeps, in the place of the storages.
func (s *storagesScreen) showPins(name string) {
	p := newPinsPage(s, name)
	s.top.Objects = []fyne.CanvasObject{p.root}
	s.top.Refresh()
	p.look()
}

// showBring shows the page that brings things in, in the place of the storages.
func (s *storagesScreen) showBring() {
	if s.bring == nil {
		s.bring = newBringPage(s)
	}
	s.choosing = nil
	s.top.Objects = []fyne.CanvasObject{s.bring.page.Root}
	s.bring.draw(s.now)
	s.bring.page.Refresh()
	s.top.Refresh()
}

// add lets a person choose one more storage, and copies everything there.
func (s *storagesScreen) add() {
	s.w.Show(Storages)
	if s.joining != nil && s.joining.problem == nil {
		s.back()
		return
	}
	here := slices.ContainsFunc(s.now.Storages, func(x syncer.StorageStatus) bool { return x.Dir != "" })
	s.choose(newOneMore(s.w, oneMore{here: here, boxes: boxesOf(s.now.Storages), leave: s.back, chosen: func(how syncer.SetupOptions) {
		how.NodeName = s.freeName(how.NodeName)
		s.back()
		s.join(how)
	}}))
}

// freeName is a name that no storage has.
func (s *storagesScreen) freeName(wanted string) string {
	name := wanted
	for i := 2; slices.ContainsFunc(s.now.Storages, func(x syncer.StorageStatus) bool { return x.Name == name }); i++ {
		name = fmt.Sprintf("%s %d", wanted, i)
	}
	return name
}

// join copies everything to a new storage, however long that takes.
func (s *storagesScreen) join(how syncer.SetupOptions) {
	asked, stop := context.WithCancelCause(context.Background())
	j := &joining{how: how, stop: stop}
	s.joining = j
	s.drawJoining()
	s.w.do(func(ctx context.Context) error {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(asked, func() { cancel(context.Cause(asked)) })()
		return s.w.engine.AddNode(ctx, how)
	}, func(err error) {
		switch {
		case err == nil:
			s.joining = nil
			s.w.say(kit.Good, lang.L("{{.Name}} holds everything now", values{"Name": kit.Shown(how.NodeName)}))
		case errors.Is(context.Cause(asked), ErrGivenUp):
			s.joining = nil
		default:
			p := problemOf(err)
			j.problem = &p
		}
		stop(nil)
		s.drawJoining()
	})
}

func (s *storagesScreen) drawJoining() {
	j := s.joining
	shown(s.notice.Root, j != nil)
	switch {
	case j == nil:
	case j.problem == nil:
		s.notice.Set(kit.Accent, lang.L("Everything is being copied to {{.Name}}", values{"Name": kit.Shown(j.how.NodeName)}),
			lang.L("This takes as long as the first backup did. It goes on when you close this window."),
			kit.NewButton(kit.Secondary, "", lang.L("Stop"), func() { j.stop(ErrGivenUp) }))
	default:
		p := *j.problem
		s.notice.Set(problemTone(p), translated(p.Title), lang.L("{{.Name}} is not used yet. What was copied is not copied again.", values{"Name": kit.Shown(j.how.NodeName)}),
			s.w.detailsButton(p), kit.NewButton(kit.Secondary, "", lang.L("Not now"), func() { s.joining = nil; s.drawJoining() }),
			kit.NewButton(kit.Secondary, "refresh", lang.L("Try again"), func() { s.join(j.how) }))
	}
	s.redraw()
}

// readdress asks where a storage is now, or for its new key.
func (s *storagesScreen) readdress(name string) {
	s.w.Show(Storages)
	i := slices.IndexFunc(s.now.Storages, func(x syncer.StorageStatus) bool { return x.Name == name })
	if i < 0 || s.now.Storages[i].Dir != "" {
		s.back()
		return
	}
	var o *onboarding
	found := func() {
		s.back()
		s.check(name)
	}
	o = newReaddress(s.w, s.now.Storages[i], oneMore{leave: s.back, again: found, chosen: func(how syncer.SetupOptions) {
		o.run(nil, lang.L("Looking for your backup"), func(ctx context.Context) error { return s.w.engine.Readdress(ctx, name, how) }, found)
	}})
	s.choose(o)
}

// raiseBudget asks how much may be sent, of the storage that this month's data is used up for.
func (s *storagesScreen) raiseBudget() {
	for _, p := range s.panels[:min(len(s.now.Storages), len(s.panels))] {
		if p.storage.Budget > 0 {
			p.askBudget()
			return
		}
	}
}

// askCopies asks how many storages have to hold the newest versions.
func (s *storagesScreen) askCopies() {
	var options []kit.Alternative
	for _, m := range copiesMeanings() {
		options = append(options, kit.Alternative{Label: m.label})
	}
	chosen := 0
	if c := s.now.Copies.Wanted; c != len(s.now.Storages) && c < len(options) {
		chosen = c
	}
	choice := kit.NewChoice(options...)
	choice.Choose(chosen)
	choice.OnChanged = func(i int) { chosen = i }
	var d *kit.Dialog
	var save *kit.Button
	save = kit.NewButton(kit.Primary, "", lang.L("Save"), func() {
		d.Close()
		s.w.start(save, func(ctx context.Context) error { return s.w.engine.Set(ctx, "copies", copiesMeanings()[chosen].value) })
	})
	d = kit.NewDialog(lang.L("How many copies do you want?"), kit.VBox(12, kit.NewParagraph(copiesHint()).Secondary(), choice.Root),
		kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), save)
	s.w.dialog(d)
}

// copiesMeanings are the values of the setting; a number stands at its place.
func copiesMeanings() []meaning {
	return []meaning{
		{value: "all", label: lang.L("on every storage")},
		{value: "1", label: lang.L("one copy")},
		{value: "2", label: lang.L("two copies")},
		{value: "3", label: lang.L("three copies")},
	}
}

func copiesHint() string {
	return lang.L("How many storages must hold your newest versions before your files count as safe. Every storage gets them in any case.")
}

// copiesCard says how many storages hold the newest versions, of as many as a person wants.
type copiesCard struct {
	root   *fyne.Container
	halo   *kit.Halo
	title  *kit.Paragraph
	detail *kit.Paragraph
	wish   *kit.Button
}

func newCopiesCard(add, wish func()) *copiesCard {
	c := &copiesCard{halo: kit.NewHalo("storage", kit.Idle), title: kit.NewParagraph("").AsTitle(), detail: kit.NewParagraph("").Secondary()}
	c.wish = kit.NewButton(kit.Quiet, "", lang.L("Change…"), wish).Spoken(lang.L("Change how many copies you want"))
	c.root = kit.Card(kit.Lead(18, kit.Middle(c.halo), kit.Between(kit.VBox(4, c.title, c.detail),
		kit.HBox(8, c.wish, kit.NewButton(kit.Primary, "plus", lang.L("Add storage"), add)))))
	return c
}

// copiesOf counts what is held and what is wanted; more than wanted is as good as all of it.
func copiesOf(now Now) (held, wanted int) {
	held, wanted = now.Copies.Confirmed, now.Copies.Wanted
	return min(held, wanted), wanted
}

func copiesWords(held, wanted int) string {
	return lang.N("{{.Done}} of {{.Count}} copies", wanted, values{"Done": held, "Count": wanted})
}

func (c *copiesCard) draw(now Now) {
	held, wanted := copiesOf(now)
	all, title := len(now.Storages), copiesWords(held, wanted)
	shown(c.wish, all > 1 || wanted > all)
	switch {
	case now.Saved.IsZero():
		c.say("storage", kit.Idle, lang.L("Nothing is saved yet"), lang.L("After the first backup you see here where it lies."))
	case wanted > all:
		c.say("warning", kit.Warn, title, lang.L("You want more copies than you have storages."))
	case held < wanted && held > 0:
		c.say("warning", kit.Warn, title, lang.L("Your newest versions are not on enough storages yet. Roost goes on by itself."))
	case held < wanted:
		c.say("warning", kit.Warn, title, lang.L("No storage confirmed your newest versions lately. Roost goes on trying."))
	case all == 1:
		c.say("shield-check", kit.Good, title, lang.L("Your newest versions are on your storage. A second one helps when this one breaks."))
	case wanted < all:
		c.say("shield-check", kit.Good, title, lang.L("Your newest versions are on as many storages as you want. The others get them too."))
	default:
		c.say("shield-check", kit.Good, title, lang.L("Your newest versions are on every storage."))
	}
}

func (c *copiesCard) say(glyph string, tone kit.Tone, title, detail string) {
	c.halo.Set(glyph, tone)
	c.title.SetText(title)
	c.detail.SetText(detail)
}

// drop takes what is dropped on the window while one more storage is chosen; false: it is not wanted here.
func (s *storagesScreen) drop(all []fyne.URI) bool { return s.choosing != nil && s.choosing.drop(all) }
