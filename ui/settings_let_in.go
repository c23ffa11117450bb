package ui

import (
	"context"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// letInPage lets another computer into the backup: its code comes here, four words are compared, and an answer goes back.
type letInPage struct {
	s     *settingsScreen
	steps *fyne.Container // of the step that it is at
	said  *fyne.Container // what is under way or went wrong
	doing question
}

// letInView lets another computer in.
func (s *settingsScreen) letInView() settingsView {
	p := &letInPage{s: s, steps: kit.VBox(kit.Gap), said: kit.VBox(0), doing: question{w: s.w}}
	p.said.Hide()
	p.showCode()
	return settingsView{
		title: lang.L("Add a device"), lead: lang.L("Another computer of yours gets a history of its own in this backup, and can read all of it."), left: p.doing.drop,
		body: []fyne.CanvasObject{p.steps, p.said},
	}
}

func (p *letInPage) show(steps ...fyne.CanvasObject) {
	p.steps.Objects = steps
	p.say()
}

func (p *letInPage) say(objects ...fyne.CanvasObject) {
	p.said.Objects = objects
	shown(p.said, len(objects) > 0)
	p.s.refresh()
}

// run does something away from the UI goroutine; leaving the page drops it.
func (p *letInPage) run(b *kit.Button, do func(context.Context) error, then func()) {
	b.Disable()
	p.say(kit.NewParagraph(lang.L("One moment")).Secondary())
	p.doing.ask(do, func(err error) {
		b.Enable()
		if p.say(); err == nil {
			then()
			return
		}
		of := problemOf(err)
		title, text := letterWords(of)
		p.say(kit.NewNotice(problemTone(of), title, text).Root)
	})
}

// showCode takes the code of the other computer.
func (p *letInPage) showCode() {
	code := kit.NewTextField(lang.L("Code of the other computer"), lang.L("It begins with ROOST."), 3)
	var next, file *kit.Button
	read := func(b *kit.Button, given func() ([]byte, error)) {
		var asked *syncer.Asked
		p.run(b, func(context.Context) error {
			data, err := given()
			if err == nil {
				asked, err = syncer.ReadAsking(data)
			}
			return err
		}, func() { p.compare(asked) })
	}
	next = kit.NewButton(kit.Primary, "", lang.L("Continue"), func() {
		text := code.Text()
		read(next, func() ([]byte, error) { return []byte(text), nil })
	})
	file = kit.NewButton(kit.Secondary, "", lang.L("Choose the file"), func() {
		pickCode(p.s.w.over, p.s.w.Tell, func(given func() ([]byte, error)) { read(file, given) })
	})
	p.show(card(
		lang.L("On the other computer"), "",
		kit.NewParagraph(lang.L("Install Roost there and open it. Choose \"Get my files back, or add this device\", then \"Use another computer instead\". It shows a code.")),
	), card(lang.L("On this computer"), "", code.Root, kit.HBox(8, next, file)))
}

// compare has the person compare the words before anything is given away.
func (p *letInPage) compare(asked *syncer.Asked) {
	name := kit.Shown(asked.Name)
	var in *syncer.LetIn
	var same *kit.Button
	same = kit.NewButton(kit.Primary, "", lang.L("They are the same: let it in"), func() {
		p.run(same, func(ctx context.Context) (err error) {
			in, err = p.s.w.engine.LetIn(ctx, asked.Code)
			return err
		}, func() { p.answer(in, asked.Until) })
	})
	differ := kit.NewButton(kit.Secondary, "", lang.L("They are not the same"), func() {
		p.showCode()
		p.say(kit.NewNotice(kit.Warn, lang.L("Nobody was let in"), lang.L("Somebody may have changed the code on the way. Carry it in another way.")).Root)
	})
	p.show(card(lang.L("Is it {{.Name}} that asks?", values{"Name": name}), "",
		pairingWords(asked.Words, lang.L("{{.Name}} must show these four words beside its code. If it shows others, somebody else is asking.", values{"Name": name})),
		kit.HBox(8, same, differ)))
}

// answer shows what goes back.
func (p *letInPage) answer(in *syncer.LetIn, until time.Time) {
	name := kit.Shown(in.Name)
	all := []fyne.CanvasObject{card(
		lang.L("{{.Name}} is let in", values{"Name": name}), "",
		kit.NewParagraph(lang.L("Give it this answer, until {{.Time}}. Only that computer can open it.", values{"Time": clock(until)})),
		p.s.w.letterButtons(in.Code),
		pairingWords(in.Words, lang.L("{{.Name}} must then show these four words. If it shows others, shut it out again.", values{"Name": name})),
	)}
	if in.Storages == 0 {
		all = append(all, kit.NewNotice(kit.Warn, lang.L("Your storage is not within its reach"),
			lang.L("It is in this computer, or on a drive. Connect the drive to {{.Name}}, or add a storage that both reach first.", values{"Name": name})).Root)
	}
	devices := kit.NewButton(kit.Secondary, "device", lang.L("Devices of this backup"), func() { p.s.show(section{kind: sectionLost}) })
	p.show(append(all, kit.HBox(0, devices))...)
}
