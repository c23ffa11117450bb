package ui

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// storagePanel is one storage: how it is, what it holds, and what can be done.
type storagePanel struct {
	root *fyne.Container
	s    *storagesScreen

	head     *kit.Row
	bar      *kit.Bar
	barBox   *fyne.Container
	figures  []*figure
	problems *fyne.Container
	checks   *fyne.Container
	asking   question
	members  *membersPart // of several that act as one

	check, open, move, budget, room, remove, pins, details *kit.Button

	storage syncer.StorageStatus // as drawn
	wrong   []syncer.Problem     // as drawn, so that a button keeps the focus while nothing changes
}

func newStoragePanel(s *storagesScreen) *storagePanel {
	p := &storagePanel{s: s, asking: question{w: s.w}, head: kit.NewRow(kit.RowData{}, nil), bar: kit.NewBar(kit.Accent), problems: kit.VBox(10), checks: kit.VBox(8)}
	p.check = kit.NewButton(kit.Secondary, "refresh", lang.L("Check connection"), p.ask)
	p.open = kit.NewButton(kit.Secondary, "folder", lang.L("Open folder"), func() {
		dir := p.storage.Dir
		s.w.start(p.open, func(context.Context) error { return openPath(dir) })
	})
	p.move = kit.NewButton(kit.Secondary, "link", lang.L("Change address…"), func() { s.readdress(p.storage.Name) })
	p.budget = kit.NewButton(kit.Quiet, "", lang.L("Change…"), p.askBudget).Spoken(lang.L("Change how much is sent in a month"))
	p.room = kit.NewButton(kit.Quiet, "", lang.L("Free up space…"), s.w.askRoom)
	p.remove = kit.NewButton(kit.Secondary, "trash", lang.L("Remove…"), p.askRemove)
	p.pins = kit.NewButton(kit.Quiet, "", lang.L("Saved copies"), func() { s.showPins(p.storage.Name) })
	p.details = kit.NewButton(kit.Quiet, "", lang.L("Details"), p.showDetails)
	p.members = newMembersPart(p.askMembers)
	for range 4 {
		p.figures = append(p.figures, newFigure())
	}
	f := p.figures
	sent := kit.Between(f[3].root, flush(p.budget))
	p.barBox = kit.PadEach(2, 0, 0, 0, p.bar)
	p.problems.Hide()
	p.checks.Hide()
	// The row reaches beyond the inset, as those of folders do.
	p.root = kit.Card(kit.VBox(14, kit.PadEach(-8, -8, -8, -8, p.head), p.barBox,
		kit.Columns(kit.Gap, []float32{1, 1}, kit.Between(f[0].root, flush(p.room)), kit.Between(f[1].root, flush(p.pins))), kit.Columns(kit.Gap, []float32{1, 1}, f[2].root, sent),
		p.members.root, p.problems, p.checks, kit.Between(kit.HBox(8, p.check, p.open, p.move, p.remove), flush(p.details))))
	return p
}

// figure is a fact with its name above it.
type figure struct {
	root        *fyne.Container
	name, value *kit.Text
}

func newFigure() *figure {
	f := &figure{name: kit.Small("").Clipped(), value: kit.Body("").Clipped()}
	f.root = kit.VBox(2, f.name, f.value)
	return f
}

func (f *figure) set(name, value string) {
	f.name.SetText(name)
	f.value.SetText(capital(value))
}

func (p *storagePanel) draw(s syncer.StorageStatus, i int, now Now) {
	if s.Name != p.storage.Name {
		p.asking.drop()
		p.sayChecks()
	}
	p.storage = s
	chip, tone := storageChip(s, now)
	p.head.Set(kit.RowData{
		Icon: storageGlyph(s), IconTone: kit.Accent, Title: kit.Shown(s.Name), Detail: holdsWords(s, now), Chip: chip, Tone: tone,
	})
	shown(p.barBox, s.Limit > 0)
	if s.Limit > 0 {
		full := kit.Accent
		if float64(s.Used) > 0.9*float64(s.Limit) {
			full = kit.Warn
		}
		p.bar.Set(float64(s.Used)/float64(s.Limit), full)
		p.figures[0].set(lang.L("Used"), lang.L("{{.Done}} of {{.All}}", values{"Done": size(s.Used), "All": size(s.Limit)}))
	} else {
		p.figures[0].set(lang.L("Used"), usedWords(s))
	}
	p.figures[1].set(lang.L("Last confirmed"), lastWords(s.Confirmed, now))
	p.figures[2].set(lang.L("Waiting to go there"), waitingFor(s, i, now))
	p.figures[3].set(lang.L("Sent this month"), sentWords(s))
	shown(p.figures[3].root, s.Dir == "")
	shown(p.budget, s.Dir == "")
	shown(p.open, s.Dir != "")
	shown(p.move, s.Dir == "")
	p.members.draw(s.Cluster, now)
	p.drawProblems(now)
}

// drawProblems shows what is wrong with this storage, each thing with its next step.
func (p *storagePanel) drawProblems(now Now) {
	var wrong []syncer.Problem
	for _, x := range now.Problems {
		if x.Storage == p.storage.Name {
			wrong = append(wrong, x)
		}
	}
	if reflect.DeepEqual(wrong, p.wrong) {
		return
	}
	p.wrong = wrong
	p.problems.RemoveAll()
	for _, x := range wrong {
		// Which storage it is, and that it can be checked, is seen.
		steps := slices.DeleteFunc(p.s.w.stepsOf(x), func(s step) bool { return s.label == lang.L("Check connection") || s.label == lang.L("Open storage") })
		said := x
		said.Storage = ""
		p.problems.Add(kit.NewNotice(problemTone(x), translated(x.Title), p.s.w.problemText(said), p.s.w.stepButtons(x, steps)...).Root)
	}
	shown(p.problems, len(wrong) > 0)
	p.root.Refresh()
}

// storageGlyph is the sign of the kind of place.
func storageGlyph(s syncer.StorageStatus) string {
	switch {
	case s.Dir != "":
		return "drive"
	case s.Cluster != nil:
		return "cluster"
	}
	return "server"
}

func storageChip(s syncer.StorageStatus, now Now) (string, kit.Tone) {
	switch {
	case s.State == syncer.StateSafe && now.Saved.IsZero(): // nothing is there that could be safe
		return lang.L("Connected"), kit.Accent
	case s.State == syncer.StateSafe:
		return lang.L("Safe"), kit.Good
	case s.State == syncer.StateNeedsYou:
		return lang.L("Needs you"), kit.Bad
	case s.State == syncer.StateCopying:
		return lang.L("Copying"), kit.Accent
	case s.Behind:
		return lang.L("Catching up"), kit.Accent
	default:
		return lang.L("Waiting"), kit.Warn
	}
}

// holdsWords says whether the newest versions are there.
func holdsWords(s syncer.StorageStatus, now Now) string {
	switch {
	case s.State == syncer.StateSafe && now.Saved.IsZero():
		return lang.L("Ready for your first backup")
	case s.State == syncer.StateSafe:
		return lang.L("Holds your newest versions")
	case s.State == syncer.StateCopying && s.Copying != nil:
		return lang.L("The newest versions are on their way: {{.Done}} of {{.All}}", values{"Done": size(s.Copying.Bytes), "All": size(s.Copying.TotalBytes)})
	case s.Behind:
		return lang.L("Holds earlier versions; the newest are on their way")
	case s.Asked.IsZero():
		return lang.L("Has not answered yet")
	default:
		return lang.L("Last seen {{.Ago}}", values{"Ago": ago(s.Asked, now.At)})
	}
}

func usedWords(s syncer.StorageStatus) string {
	if s.Used == 0 {
		return lang.L("not known yet")
	}
	return size(s.Used)
}

func lastWords(t time.Time, now Now) string {
	if t.IsZero() {
		return lang.L("never")
	}
	return ago(t, now.At)
}

// waitingFor says what has to go to a storage: to the first everything that changed, to the others what the first holds.
func waitingFor(s syncer.StorageStatus, i int, now Now) string {
	switch {
	case s.Behind, s.State == syncer.StateCopying:
		return lang.L("the newest versions")
	case now.Queue > 0 && (i == 0 || s.State != syncer.StateSafe):
		return files(now.Queue)
	default:
		return lang.L("nothing")
	}
}

func sentWords(s syncer.StorageStatus) string {
	if s.Budget > 0 {
		return lang.L("{{.Done}} of {{.All}}", values{"Done": size(s.Sent), "All": size(s.Budget)})
	}
	return size(s.Sent)
}

// ask looks at the storage closely, and says here what was found.
func (p *storagePanel) ask() {
	name := p.storage.Name
	p.check.Disable()
	p.sayChecks(kit.NewParagraph(lang.L("Asking {{.Name}}…", values{"Name": kit.Shown(name)})).Secondary())
	var info syncer.NodeInfo
	p.asking.ask(func(ctx context.Context) (err error) {
		info, err = p.s.w.engine.CheckNode(ctx, name)
		return err
	}, func(err error) {
		p.check.Enable()
		if err != nil {
			x := problemOf(err)
			p.sayChecks(kit.NewNotice(problemTone(x), translated(x.Title), p.s.w.problemText(x), p.s.w.problemButtons(x)...).Root)
			return
		}
		p.told(info)
	})
}

// told shows what was checked: one sentence each, and one step where something is wrong.
func (p *storagePanel) told(info syncer.NodeInfo) {
	var lines []fyne.CanvasObject
	for _, c := range info.Checks {
		if c.OK {
			lines = append(lines, kit.Lead(10, kit.Middle(kit.NewIcon("check", 17, kit.ColourGood)), kit.NewParagraph(checkWords(c, info))))
			continue
		}
		x := syncer.Problem{Title: c.Message, Action: c.Action, Severity: severityNeedsYou}
		if c.Problem != nil {
			x = *c.Problem
		}
		said := x
		said.Storage = ""
		buttons := p.s.w.problemButtons(x)
		if c.Fix {
			buttons = append([]*kit.Button{p.fixButton(c.Name)}, buttons...)
		}
		lines = append(lines, kit.NewNotice(problemTone(x), translated(x.Title), p.s.w.problemText(said), buttons...).Root)
	}
	done := kit.NewButton(kit.Quiet, "close", "", func() { p.sayChecks() }).Spoken(lang.L("Close what was checked"))
	p.sayChecks(append([]fyne.CanvasObject{kit.Between(kit.Strong(lang.L("What was checked")).Clipped(), done)}, lines...)...)
}

// fixButton has Roost do what it can about a check, and looks again.
func (p *storagePanel) fixButton(check string) *kit.Button {
	name := p.storage.Name
	var b *kit.Button
	b = kit.NewButton(kit.Secondary, "check", lang.L("Fix it"), func() {
		b.Disable()
		p.s.w.do(func(ctx context.Context) error { return p.s.w.engine.FixNode(ctx, name, check) }, func(err error) {
			b.Enable()
			if err != nil {
				p.s.w.Tell(err)
				return
			}
			p.ask()
		})
	})
	return b
}

func (p *storagePanel) sayChecks(said ...fyne.CanvasObject) {
	p.checks.Objects = said
	shown(p.checks, len(said) > 0)
	p.root.Refresh()
	p.s.page.Refresh()
}

// checkWords says what a check that went well found.
func checkWords(c syncer.NodeCheck, info syncer.NodeInfo) string {
	switch c.Name {
	case "start":
		return lang.L("It is set up.")
	case "reachable":
		return lang.L("It answers.")
	case "write":
		return lang.L("It takes what it is given, and gives it back.")
	case "space":
		return lang.L("It holds {{.Size}} in all.", values{"Size": size(info.Used)})
	case "speed":
		return lang.L("It gives {{.Down}} and takes {{.Up}} a second.", values{"Down": size(int64(info.Down)), "Up": size(int64(info.Up))})
	case "backup":
		return lang.L("Your backup is there and opens.")
	case "kept":
		return lang.L("It keeps your newest versions.")
	default:
		return translated(c.Message)
	}
}

// showDetails shows what lies behind the storage, in words of its own.
func (p *storagePanel) showDetails() {
	s := p.storage
	at := func(t time.Time) string {
		if t.IsZero() {
			return "never"
		}
		return t.UTC().Format(time.RFC3339)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "name %s\naddress %s\n", kit.Shown(s.Name), kit.Shown(s.URL))
	if s.Dir != "" {
		fmt.Fprintf(&b, "folder %s\n", kit.Shown(s.Dir))
	}
	fmt.Fprintf(&b, "peer ID %s\nKubo %s\nlatency %.1f ms\nanswered %s\nconfirmed %s\nused %d bytes\nlimit %d bytes\nsent this month %d bytes\nstate %s",
		kit.Shown(known(s.PeerID)), kit.Shown(known(s.Version)), s.Latency.Seconds()*1e3, at(s.Asked), at(s.Confirmed), s.Used, s.Limit, s.Sent, s.State)
	if c := s.Cluster; c != nil {
		fmt.Fprintf(&b, "\ncluster %s\ncopies %d of %d", kit.Shown(c.URL), c.Held, c.Wanted)
		for _, m := range c.Members {
			fmt.Fprintf(&b, "\nmember %s %s %s", kit.Shown(m.Called()), kit.Shown(m.ID), m.State)
			if !m.Since.IsZero() {
				fmt.Fprintf(&b, " since %s", at(m.Since))
			}
		}
	}
	p.s.w.showText(kit.Shown(s.Name), b.String())
}

func known(s string) string {
	if s == "" {
		return "?"
	}
	return s
}

// askRemove says what remains, and stops using the storage.
func (p *storagePanel) askRemove() {
	w, s := p.s.w, p.storage
	var others []string
	for _, x := range p.s.now.Storages {
		if x.Name != s.Name && x.State == syncer.StateSafe {
			others = append(others, kit.Shown(x.Name))
		}
	}
	name := values{"Name": kit.Shown(s.Name)}
	var d *kit.Dialog
	shut := func() { d.Close() }
	closed := kit.NewButton(kit.Secondary, "", lang.L("Cancel"), shut)
	if len(p.s.now.Storages) == 1 {
		d = kit.NewDialog(lang.L("{{.Name}} is your only storage", name), kit.NewParagraph(lang.L("Your backup lies there and nowhere else. Add another one first; then this one can go.")).Secondary(),
			closed, kit.NewButton(kit.Primary, "plus", lang.L("Add storage"), func() { d.Close(); p.s.add() }))
		w.dialog(d)
		return
	}
	// One that does not answer may be broken for good; the engine finds out whether it is.
	lost := p.s.now.Storages[0].Name == s.Name && s.State == syncer.StateWaiting && !s.Behind
	remains := kit.NewNotice(kit.Good, lang.L("What remains"), lang.L("Your newest versions are on {{.Storages}}.", values{"Storages": strings.Join(others, ", ")}))
	if len(others) == 0 {
		remains = kit.NewNotice(kit.Warn, lang.L("No other storage confirmed your newest versions lately"), lang.L("Check the others before you remove this one."))
	}
	if lost && len(others) == 0 {
		remains = kit.NewNotice(kit.Warn, lang.L("{{.Name}} does not answer", name), lang.L("If it is broken for good, another storage takes its place. Versions that only {{.Name}} had are gone then, and what is in your folders now is saved again.", name))
	}
	remove := kit.NewButton(kit.Danger, "", lang.L("Remove {{.Name}}", name), func() {
		d.Close()
		w.start(p.remove, func(ctx context.Context) error { return w.engine.RemoveNode(ctx, s.Name, lost) })
	})
	d = kit.NewDialog(lang.L("Remove {{.Name}}?", name), kit.VBox(12,
		kit.NewParagraph(lang.L("Nothing is saved there any more. What it holds now, {{.Size}}, stays there, encrypted.", values{"Size": size(s.Used)})).Secondary(), remains.Root),
		closed, remove)
	w.dialog(d)
}

// askBudget asks how much may be sent to each storage in a month.
func (p *storagePanel) askBudget() {
	w := p.s.w
	field := kit.NewField(lang.L("Gigabytes a month"), lang.L("No limit"), lang.L("For each storage that is not on this computer. When it gets short, Roost becomes slow; when it is used up, changes wait for the next month."))
	if b := p.storage.Budget; b > 0 {
		field.SetText(strconv.FormatFloat(float64(b)/1e9, 'f', -1, 64))
	}
	var d *kit.Dialog
	var save *kit.Button
	save = kit.NewButton(kit.Primary, "", lang.L("Save"), func() {
		value, ok := readBudget(field.Text())
		if !ok {
			field.SetError(lang.L("This is no number of gigabytes."))
			field.Focus()
			return
		}
		save.Disable()
		w.do(func(ctx context.Context) error { return w.engine.Set(ctx, "data-budget", value) }, func(err error) {
			save.Enable()
			if err != nil {
				field.SetError(translated(problemOf(err).Title))
				return
			}
			d.Close()
		})
	})
	field.OnEnter = func() { save.Tapped(nil) }
	d = kit.NewDialog(lang.L("How much may be sent in a month?"), field.Root, kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), save)
	w.dialog(d)
	field.Focus()
}

// mostBudget is the largest amount that is believed to be meant, in gigabytes.
const mostBudget = 1e6

// readBudget reads gigabytes as a person types them, and writes them as the setting has them.
func readBudget(typed string) (value string, ok bool) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return "none", true
	}
	gb, err := strconv.ParseFloat(strings.Replace(typed, ",", ".", 1), 64)
	if err != nil || !(gb >= 0.001) || gb > mostBudget {
		return "", false
	}
	return strconv.FormatFloat(gb, 'f', -1, 64) + "GB", true
}
