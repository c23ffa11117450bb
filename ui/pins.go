package ui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// pinsPage lists what a storage keeps until somebody says otherwise: the saved copies of the devices, and apart from them what
// other programs keep there, of which nothing is touched that was not asked for by its name.
type pinsPage struct {
	root    *fyne.Container
	s       *storagesScreen
	storage string
	page    *kit.Page
	body    *fyne.Container
	keep    *kit.Button
	free    *freeing
	asking  question

	pins []syncer.Pin
	most int // of other programs that are shown
}

// pinsAtOnce is how many things of other programs are shown before somebody asks for more.
const pinsAtOnce = 50

func newPinsPage(s *storagesScreen, storage string) *pinsPage {
	p := &pinsPage{s: s, storage: storage, asking: question{w: s.w}, body: kit.VBox(kit.Gap), most: pinsAtOnce}
	p.free = newFreeing(s.w, func() { p.refresh() })
	p.free.button.SetTap(func() { p.free.ask(storage, p.look) })
	p.keep = kit.NewButton(kit.Secondary, "plus", lang.L("Keep something else…"), p.askKeep)
	head := viewHead(func() { p.asking.drop(); s.back() }, lang.L("Saved copies on {{.Name}}", values{"Name": kit.Shown(storage)}),
		lang.L("What this storage keeps until somebody says otherwise."))
	p.page = kit.NewPage(kit.VBox(kit.Gap, kit.Between(head, p.free.button), p.free.notice.Root, p.body))
	p.root = p.page.Root
	return p
}

func (p *pinsPage) refresh() {
	p.page.Refresh()
	p.root.Refresh()
}

func (p *pinsPage) show(objects ...fyne.CanvasObject) {
	p.body.Objects = objects
	p.refresh()
}

// look asks the storage what it keeps. What is shown stays until it answers.
func (p *pinsPage) look() {
	if p.pins == nil {
		p.show(kit.Card(kit.Fixed(0, 220, waiting(lang.L("Asking {{.Name}}…", values{"Name": kit.Shown(p.storage)})))))
	}
	var pins []syncer.Pin
	p.asking.ask(func(ctx context.Context) (err error) {
		pins, err = p.s.w.engine.Pins(ctx, p.storage)
		return err
	}, func(err error) {
		if err != nil {
			p.pins = nil
			p.show(kit.Card(kit.Fixed(0, 300, p.s.w.failure(err, p.look))))
			return
		}
		p.pins = append([]syncer.Pin{}, pins...)
		p.draw()
	})
}

func (p *pinsPage) draw() {
	at := p.s.now.At
	if at.IsZero() {
		at = time.Now()
	}
	var ours, others []syncer.Pin
	for _, x := range p.pins {
		if x.Ours {
			ours = append(ours, x)
		} else {
			others = append(others, x)
		}
	}
	slices.SortStableFunc(ours, func(a, b syncer.Pin) int { return age(a) - age(b) })
	list := kit.VBox(2)
	for _, x := range ours {
		r := kit.RowData{Icon: "laptop", IconTone: kit.Good, Title: pinName(x), Detail: facts(ownPinWords(x), pinMoment(x, at), pinHeld(x)), Value: pinSize(x)}
		if x.Kind != syncer.PinNewest {
			r.IconTone = kit.Idle
		} else if x.Device == p.s.now.Device {
			r.Chip, r.Tone = lang.L("This computer"), kit.Accent
		}
		list.Add(kit.NewRow(r, func() { p.tellOwn(x) }))
	}
	own := card(lang.L("Your backup"), lang.L("One for each device. As long as it is kept, all versions of the device can come back."), outdent(8, list))
	if len(ours) == 0 {
		own = kit.Card(kit.Empty("storage", lang.L("Nothing of your backup is here yet"), lang.L("After the first backup you see here what is kept for each device."), nil))
	}
	p.show(own, p.othersCard(others))
}

// age sets what is current before what is about to go.
func age(p syncer.Pin) int {
	if p.Kind == syncer.PinNewest {
		return 0
	}
	return 1
}

func (p *pinsPage) othersCard(others []syncer.Pin) fyne.CanvasObject {
	title := lang.L("Kept by other programs")
	head := kit.Between(kit.Heading(title).Clipped(), p.keep)
	if len(others) == 0 {
		return kit.Card(kit.VBox(4, head, kit.NewParagraph(lang.L("Nothing. Only your backup is here.")).Secondary()))
	}
	list := kit.VBox(2)
	for _, x := range others[:min(len(others), p.most)] {
		detail := ""
		if x.Name != "" {
			detail = pinWords(x)
		}
		list.Add(kit.NewRow(kit.RowData{Icon: pinGlyph(x), IconTone: kit.Idle, Title: pinName(x), Detail: detail, Value: pinSize(x), Chip: lang.L("Another program")}, func() { p.tellOther(x) }))
	}
	box := []fyne.CanvasObject{outdent(8, list)}
	if more := len(others) - p.most; more > 0 {
		box = append(box, kit.HBox(0, kit.NewButton(kit.Quiet, "", lang.N("Show {{.Count}} more", more, values{"Count": min(more, 4*pinsAtOnce)}), func() {
			p.most += 4 * pinsAtOnce
			p.draw()
		})))
	}
	text := lang.N("{{.Number}} things are not of your backup. Roost leaves them alone, unless you ask.", len(others), values{"Number": number(int64(len(others)))})
	return kit.Card(kit.VBox(12, append([]fyne.CanvasObject{kit.VBox(4, head, kit.NewParagraph(text).Secondary())}, box...)...))
}

// tellOwn says what a saved copy of a device means.
func (p *pinsPage) tellOwn(x syncer.Pin) {
	text := lang.L("It is everything that this device saved, with all its versions. Roost keeps it for you: it can't be let go here, only version by version.")
	switch x.Kind {
	case syncer.PinNewest:
	case syncer.PinUpload:
		text = lang.L("It is a part of a backup that is not finished. Roost goes on from it, and lets it go by itself.")
	default:
		text = lang.L("It is an earlier state of this device. Roost lets it go by itself when a newer one is safe; no version is lost with it.")
	}
	p.tell(x, text)
}

// tellOther says what is known of a thing that another program keeps, and offers to let it go.
func (p *pinsPage) tellOther(x syncer.Pin) {
	var d *kit.Dialog
	d = p.tell(x, lang.L("Another program, or somebody else, keeps this here. Your backup does not need it."),
		kit.NewButton(kit.Secondary, "trash", lang.L("Let it go…"), func() { d.Close(); p.askLetGo(x) }))
}

func (p *pinsPage) tell(x syncer.Pin, text string, more ...*kit.Button) *kit.Dialog {
	var d *kit.Dialog
	about := facts(otherPinFacts(x), pinHeld(x))
	if x.Ours {
		about = facts(ownPinWords(x), pinMoment(x, time.Now()), pinSize(x), pinHeld(x))
	}
	buttons := []*kit.Button{kit.NewButton(kit.Quiet, "", lang.L("Details"), func() { d.Close(); p.s.w.showText(pinName(x), pinDetails(x)) })}
	buttons = append(buttons, more...)
	buttons = append(buttons, kit.NewButton(kit.Primary, "", lang.L("Close"), func() { d.Close() }))
	d = kit.NewDialog(pinName(x), kit.VBox(10, kit.NewParagraph(about), kit.NewParagraph(text).Secondary()), buttons...)
	p.s.w.dialog(d)
	return d
}

// askLetGo names what would not be kept any more, and says what that means.
func (p *pinsPage) askLetGo(x syncer.Pin) {
	w := p.s.w
	name, on := pinName(x), kit.Shown(p.storage)
	text := lang.L("{{.Storage}} deletes it when space is freed the next time, unless something else there keeps it. The program that put it there may miss it. Your backup stays as it is.", values{"Storage": on})
	if x.Kind == syncer.PinOtherVault {
		text = lang.L("It is a backup of somebody else, or of yours with other words. When space is freed on {{.Storage}} the next time, that backup is lost for good. Yours stays as it is.", values{"Storage": on})
	}
	var d *kit.Dialog
	letGo := kit.NewButton(kit.Danger, "", lang.L("Let it go"), func() {
		d.Close()
		w.do(func(ctx context.Context) error { return w.engine.Unpin(ctx, p.storage, x.CID) }, func(err error) {
			if err != nil {
				w.Tell(err)
				return
			}
			p.saidLetGo(x)
			p.look()
		})
	})
	d = kit.NewDialog(lang.L("Let go of {{.Name}}?", values{"Name": name}), kit.VBox(10, kit.NewParagraph(otherPinFacts(x)), kit.NewParagraph(text).Secondary()),
		kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), letGo)
	w.dialog(d)
}

// saidLetGo tells that it is done, and offers to take it back: until space is freed, all of it is still there.
func (p *pinsPage) saidLetGo(x syncer.Pin) {
	w := p.s.w
	var dismiss func()
	again := kit.NewButton(kit.Quiet, "", lang.L("Keep it again"), func() {
		dismiss()
		w.do(func(ctx context.Context) error { return w.engine.Pin(ctx, p.storage, x.CID, x.Name) }, func(err error) {
			if err != nil {
				w.Tell(err)
				return
			}
			p.look()
		})
	})
	closed := kit.NewButton(kit.Quiet, "close", "", func() { dismiss() }).Spoken(lang.L("Close this message"))
	dismiss = w.toasts.Show(kit.Good, lang.L("{{.Name}} is not kept on {{.Storage}} any more", values{"Name": pinName(x), "Storage": kit.Shown(p.storage)}), again, closed)
}

// askKeep asks what else the storage should keep.
func (p *pinsPage) askKeep() {
	w, on := p.s.w, values{"Name": kit.Shown(p.storage)}
	what := kit.NewField(lang.L("Its address"), "bafy… / Qm…", lang.L("The program that put it there shows it."))
	name := kit.NewField(lang.L("Its name"), "", lang.L("So that you know it again."))
	var d *kit.Dialog
	var keep *kit.Button
	enter := func() {
		address, called := strings.TrimSpace(what.Text()), strings.TrimSpace(name.Text())
		if i := slices.IndexFunc(p.pins, func(x syncer.Pin) bool { return x.CID == strings.TrimPrefix(address, "/ipfs/") }); i >= 0 {
			what.SetError(lang.L("{{.Name}} keeps it already.", on))
			return
		}
		keep.Disable()
		w.do(func(ctx context.Context) error { return w.engine.Pin(ctx, p.storage, address, called) }, func(err error) {
			keep.Enable()
			if err == nil {
				d.Close()
				p.look()
				return
			}
			if x := problemOf(err); x.Code != "usage" {
				what.SetError(translated(x.Title))
				return
			}
			what.SetError(lang.L("This is no such address, or {{.Name}} does not hold all of it.", on))
		})
	}
	what.OnEnter, name.OnEnter = enter, enter
	keep = kit.NewButton(kit.Primary, "", lang.L("Keep it"), enter)
	d = kit.NewDialog(lang.L("What else should {{.Name}} keep?", on), kit.VBox(12,
		kit.NewParagraph(lang.L("Something that another program put on this storage, and that must not be deleted there. It is kept as it is, not encrypted, until you let it go. Roost fetches nothing from others.")).Secondary(),
		what.Root, name.Root), kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), keep)
	w.dialog(d)
}

// pinName is what a person knows it by.
func pinName(p syncer.Pin) string {
	switch {
	case p.Ours && p.Device == "":
		return lang.L("A device")
	case p.Ours:
		return kit.Shown(p.Device)
	case p.Name != "":
		return kit.Shown(p.Name)
	default:
		return pinWords(p)
	}
}

func ownPinWords(p syncer.Pin) string {
	switch p.Kind {
	case syncer.PinNewest:
		return lang.L("Everything that it saved")
	case syncer.PinUpload:
		return lang.L("A part of a backup that is not finished")
	case syncer.PinSuperseded:
		return lang.L("An earlier state")
	default:
		return lang.L("It could not be looked at")
	}
}

// pinWords says what a thing of another program is.
func pinWords(p syncer.Pin) string {
	if p.CID == syncer.EmptyFolder {
		return lang.L("An empty folder, which every storage has")
	}
	switch p.Kind {
	case "file":
		return lang.L("A file")
	case "folder":
		return lang.L("A folder")
	case "link":
		return lang.L("A link")
	case syncer.PinBlock:
		return lang.L("A small file, or a part of one")
	case syncer.PinOtherVault:
		return lang.L("Another backup, which your words don't open")
	case "other":
		return lang.L("Data of another program")
	default:
		return lang.L("It could not be looked at")
	}
}

// otherPinFacts are what stands below the name of a thing of another program; one without a name is called what it is.
func otherPinFacts(p syncer.Pin) string {
	if p.Name == "" {
		return facts(lang.L("Another program"), pinSize(p))
	}
	return facts(pinWords(p), pinSize(p))
}

func pinGlyph(p syncer.Pin) string {
	switch p.Kind {
	case "folder":
		return "folder"
	case "link":
		return "link"
	case "file", syncer.PinBlock:
		return "file"
	case syncer.PinOtherVault:
		return "shield"
	case "other":
		return "archive"
	default:
		return "question"
	}
}

func pinSize(p syncer.Pin) string {
	if p.Size <= 0 {
		return ""
	}
	return size(p.Size)
}

func pinMoment(p syncer.Pin, at time.Time) string {
	if p.Time.IsZero() {
		return ""
	}
	return moment(p.Time, at)
}

// pinHeld says how many of the storages that act as one hold it; "" where it is one storage.
func pinHeld(p syncer.Pin) string {
	if p.Copies == 0 {
		return ""
	}
	return lang.N("{{.Done}} of {{.Count}} copies", p.Copies, values{"Done": min(p.Held(), p.Copies), "Count": p.Copies})
}

// pinDetails speaks the words of the storage, which are the same in every language.
func pinDetails(p syncer.Pin) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CID %s\npin name %s\nkind %s\nstorage %s\n", p.CID, kit.Shown(p.Name), p.Kind, kit.Shown(p.Storage))
	if p.Size > 0 {
		fmt.Fprintf(&b, "size %d bytes\n", p.Size)
	}
	if !p.Time.IsZero() {
		fmt.Fprintf(&b, "time %s\n", p.Time.UTC().Format(time.RFC3339))
	}
	for _, m := range p.Members {
		fmt.Fprintf(&b, "member %s %s %s\n", kit.Shown(m.Called()), kit.Shown(m.ID), m.State)
	}
	return strings.TrimSpace(b.String())
}
