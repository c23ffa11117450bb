package ui

import (
	"context"
	"slices"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// networkView explains who can find a storage, and lets the one on this computer into a network of the family's, or out.
func (s *settingsScreen) networkView() settingsView {
	v := &networkPage{s: s, asking: question{w: s.w}, state: kit.NewParagraph("").Secondary()}
	v.make = kit.NewButton(kit.Secondary, "plus", lang.L("Make a family network"), func() {
		v.change(v.make, syncer.NetworkChange{Make: true})
	})
	v.join = kit.NewButton(kit.Secondary, "qr", lang.L("Join with a code…"), v.askCode)
	v.show = kit.NewButton(kit.Secondary, "eye", lang.L("Show the network's code"), v.showCode)
	v.leave = kit.NewButton(kit.Secondary, "close", lang.L("Leave the network…"), v.askLeave)
	v.buttons = kit.HBox(8, v.make, v.join, v.show, v.leave)
	v.draw(s.now)
	return settingsView{
		title: lang.L("Who can find your storage"), draw: v.draw, left: v.asking.drop,
		lead: lang.L("Your files are encrypted on this computer before they leave it, always. This is about who can find a storage and fetch encrypted data from it."),
		body: []fyne.CanvasObject{
			level("lock", kit.ColourGood, lang.L("Quiet: as Roost sets it up"), lang.L("The storage looks for nobody and tells nobody what it holds. Only who has its key gets anything from it.")),
			level("cluster", kit.ColourAccent, lang.L("Family network: when you choose it"), lang.L("Several storages, of yours or of people you trust, pass encrypted data on to each other, which makes a second copy fast. Who lacks the network's code cannot even connect. Who has it can fetch data, but read none of it.")),
			level("globe", kit.ColourWarn, lang.L("Announced: never by Roost"), lang.L("The storage tells the world what it holds. Strangers cannot read it either, but they can fetch it, keep it, and see how much you save and when. A storage that you set up yourself does that unless its settings say otherwise.")),
			card(lang.L("With the words alone"), "", outdent(8, s.settingSwitch("find-by-words", lang.L("Let my recovery words alone lead to my storage"),
				lang.L("For the day when its address is lost, too. Computers of strangers keep a sealed note that only your words open; what they see is your storage's network address, and when something changes. A note lasts two days after your computers were last on, and needs a storage that others reach.")))),
			card(lang.L("The storage on this computer"), "", v.state, v.buttons),
			kit.NewParagraph(lang.L("On another machine that Roost set up, type there: {{.Line}}. It prints the code.", values{"Line": networkLine})).Secondary(),
		},
	}
}

// networkLine is typed on a machine that Roost set up and does not run itself.
const networkLine = "sudo roost-node network make"

// level is one way in which a storage stands to others.
func level(glyph string, colour fyne.ThemeColorName, title, text string) fyne.CanvasObject {
	return kit.Card(kit.Lead(14, kit.NewIcon(glyph, 24, colour), kit.VBox(4, kit.Heading(title), kit.NewParagraph(text).Secondary())))
}

// networkPage is the part of the page about the storage that this computer runs.
type networkPage struct {
	s       *settingsScreen
	asking  question
	state   *kit.Paragraph
	buttons *fyne.Container

	make, join, show, leave *kit.Button

	name  string          // of the storage; "": this computer runs none
	known *syncer.Network // nil: not yet
}

// draw asks about the storage when it is first seen, or another one than before.
func (v *networkPage) draw(now Now) {
	name := ""
	if i := slices.IndexFunc(now.Storages, func(x syncer.StorageStatus) bool { return x.Dir != "" }); i >= 0 {
		name = now.Storages[i].Name
	}
	if name == v.name && (name == "" || v.known != nil) {
		v.say()
		return
	}
	if name == v.name { // it is being asked
		return
	}
	v.name, v.known = name, nil
	v.say()
	v.read()
}

func (v *networkPage) read() {
	var got *syncer.Network
	v.asking.ask(func(ctx context.Context) (err error) {
		got, err = v.s.w.engine.Network(ctx, v.name)
		return err
	}, func(err error) {
		if err != nil {
			v.state.SetText(v.s.w.problemText(problemOf(err)))
			v.s.refresh()
			return
		}
		v.known = got
		v.say()
		v.s.refresh()
	})
}

// say shows what is known, and what can be done about it.
func (v *networkPage) say() {
	private := v.known != nil && v.known.Level == syncer.LevelPrivate
	quiet := v.known != nil && !private
	switch {
	case v.name == "":
		v.state.SetText(lang.L("This computer runs no storage."))
	case v.known == nil:
		v.state.SetText(lang.L("One moment"))
	case quiet:
		v.state.SetText(lang.L("{{.Name}} is quiet.", values{"Name": kit.Shown(v.name)}))
	default:
		v.state.SetText(lang.L("{{.Name}} is in a family network. The others find it at port {{.Port}} of this computer, while that is on.",
			values{"Name": kit.Shown(v.name), "Port": v.known.Port}))
	}
	for _, b := range []*kit.Button{v.make, v.join} {
		shown(b, quiet)
	}
	for _, b := range []*kit.Button{v.show, v.leave} {
		shown(b, private)
	}
	shown(v.buttons, v.known != nil)
}

// change makes, joins or leaves a network; the storage is started again for that.
func (v *networkPage) change(button *kit.Button, ch syncer.NetworkChange) {
	ch.Storage = v.name
	w := v.s.w
	button.Disable()
	w.do(func(ctx context.Context) error {
		_, err := w.engine.SetNetwork(ctx, ch)
		return err
	}, func(err error) {
		button.Enable()
		if err != nil {
			w.Tell(err)
		}
		v.read()
	})
}

// showCode shows the network's code, as a picture and as text, until it is closed.
func (v *networkPage) showCode() {
	code := v.known.Code
	var d *kit.Dialog
	body := kit.VBox(12, kit.NewParagraph(lang.L("One more storage joins with it. It is a key: show it to nobody else.")).Secondary())
	if picture, err := kit.NewQR(code, lang.L("A picture of the network's code")); err == nil { // a long code has its text alone
		body.Add(picture)
	}
	body.Add(kit.NewParagraph(code).Small())
	copied := kit.NewButton(kit.Secondary, "copy", lang.L("Copy"), func() {
		fyne.CurrentApp().Clipboard().SetContent(code)
		d.Close()
	})
	d = kit.NewDialog(lang.L("The network's code"), body, copied, kit.NewButton(kit.Primary, "", lang.L("Close"), func() { d.Close() }))
	v.s.w.dialog(d)
}

// askCode asks for the code of a network.
func (v *networkPage) askCode() {
	w := v.s.w
	text := kit.NewTextField(lang.L("Code of the network, or of a storage in it"), lang.L("It begins with ROOST. The text of a network's key file does as well."), 4)
	password := passwordField(lang.L("Password of the code"), lang.L("Only where one was chosen when the code was made."))
	var d *kit.Dialog
	var join *kit.Button
	join = kit.NewButton(kit.Primary, "", lang.L("Join"), func() {
		join.Disable()
		ch := syncer.NetworkChange{Storage: v.name, Join: []byte(text.Text()), Password: password.Text()}
		w.do(func(ctx context.Context) error {
			_, err := w.engine.SetNetwork(ctx, ch)
			return err
		}, func(err error) {
			join.Enable()
			if err != nil {
				text.SetError(translated(problemOf(err).Title))
				text.Focus()
				return
			}
			d.Close()
			v.read()
		})
	})
	password.OnEnter = func() { join.Tapped(nil) }
	d = kit.NewDialog(lang.L("Join a family network"), kit.VBox(12, text.Root, password.Root), kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), join)
	w.dialog(d)
	text.Focus()
}

// askLeave says what remains.
func (v *networkPage) askLeave() {
	var d *kit.Dialog
	leave := kit.NewButton(kit.Danger, "", lang.L("Leave the network"), func() {
		d.Close()
		v.change(v.leave, syncer.NetworkChange{Leave: true})
	})
	d = kit.NewDialog(lang.L("Leave the family network?"),
		kit.NewParagraph(lang.L("The storage is quiet then. What it holds stays, and backups go on. To come back it needs the network's code: keep that, or another storage in the network that can show it.")).Secondary(),
		kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), leave)
	v.s.w.dialog(d)
}
