package ui

import (
	"context"
	"errors"
	"slices"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/syncer/sheet"
	"roost/ui/kit"
	"roost/ui/lang"
)

// wordsShown is how long the recovery words stand on the screen, if nobody takes them away before.
const wordsShown = 2 * time.Minute

// wordsView shows the recovery words to who may see them, and prints their sheet again.
func (s *settingsScreen) wordsView() settingsView {
	v := &wordsPage{s: s}
	v.name = kit.Strong("")
	v.checked = kit.NewParagraph(lang.L("One moment")).Secondary()
	v.check = kit.NewButton(kit.Secondary, "check", lang.L("Check them now"), func() { s.w.askForWords(v.check, v.read) })
	v.see = kit.NewButton(kit.Secondary, "eye", lang.L("Show the words"), func() { v.allowed(v.show) })
	v.print = kit.NewButton(kit.Secondary, "print", lang.L("Print the sheet"), func() { v.allowed(v.printSheet) })
	v.save = kit.NewButton(kit.Secondary, "download", lang.L("Save the sheet"), func() { v.allowed(v.saveSheet) })
	v.place = kit.VBox(0)
	v.place.Hide()
	v.said = kit.VBox(0)
	v.said.Hide()
	v.protected = kit.NewParagraph("").Secondary()
	v.drawProtected()
	v.askWhoAsks()
	v.read()
	return settingsView{
		title: lang.L("Recovery words"), lead: lang.L("With the words and your storage, all files come back on any computer."),
		draw: v.draw, left: v.hide,
		body: []fyne.CanvasObject{
			card(lang.L("Can you still find your sheet?"), "", v.checked,
				kit.NewParagraph(lang.L("Roost asks again 7 days after the first time, then after 90 days, then once a year.")).Secondary(), kit.HBox(0, v.check)),
			card(lang.L("The words and the sheet"), "", v.protected, kit.HBox(8, v.see, v.print, v.save), v.said, v.place,
				kit.VBox(2, kit.Small(lang.L("The name of this backup, no secret")), v.name)),
			card(
				lang.L("Good to know"), "",
				answer(lang.L("Sheet lost?"), lang.L("Print another one while this computer works. The words stay the same.")),
				answer(lang.L("Found by a stranger?"),
					lang.L("They also need your storage: its address is on the sheet, its key is not. Change the key of the storage first. The words of a backup can't be changed: begin a new backup, and when all is saved in it, delete the old one from the storage.")),
				answer(lang.L("Can Roost's makers bring my files back without the words?"), lang.L("No. Nobody has them but you.")),
			),
		},
	}
}

// wordsPage is the page of the recovery words.
type wordsPage struct {
	s                       *settingsScreen
	name                    *kit.Text
	checked, protected      *kit.Paragraph
	check, see, print, save *kit.Button
	said, place             *fyne.Container
	since                   time.Time // when the words were shown; zero: they are not
	asks                    bool      // the system asks for the log-in before
}

// drawProtected says what is asked for before the words are shown.
func (v *wordsPage) drawProtected() {
	switch {
	case v.s.w.desktop.Locked():
		v.protected.SetText(lang.L("Roost asks for its password before it shows them."))
	case v.asks:
		v.protected.SetText(lang.L("This computer asks for your log-in before Roost shows them."))
	default:
		v.protected.SetText(lang.L("Your log-in to this computer protects them: Roost cannot ask for it here. Look around before you show them."))
	}
}

// askWhoAsks finds out whether the system can ask for the log-in.
func (v *wordsPage) askWhoAsks() {
	var asks bool
	v.s.w.do(func(ctx context.Context) error { asks = v.s.w.desktop.AsksLogIn(ctx); return nil }, func(err error) {
		if v.asks = asks && err == nil; v.asks {
			v.drawProtected()
			v.s.refresh()
		}
	})
}

// read tells when the words were last checked.
func (v *wordsPage) read() {
	var r syncer.Recovery
	v.s.w.do(func(ctx context.Context) (err error) {
		r, err = v.s.w.engine.Recovery(ctx)
		return err
	}, func(err error) {
		if err != nil {
			v.s.w.Tell(err)
			return
		}
		v.name.SetText(r.Fingerprint)
		v.checked.SetText(lastCheck(r, v.s.now.At))
		v.s.refresh()
	})
}

// lastCheck says when the words were checked last, and when they are asked for again.
func lastCheck(r syncer.Recovery, now time.Time) string {
	if now.IsZero() {
		now = time.Now()
	}
	last := lang.L("You have not shown yet that you have the words.")
	if !r.Checked.IsZero() {
		last = lang.L("You had them {{.Ago}}.", values{"Ago": ago(r.Checked, now)})
	}
	switch {
	case r.Due.IsZero():
		return last
	case !r.Due.After(now):
		return last + " " + lang.L("It is time to check again: three of the words are enough.")
	default:
		return last + " " + lang.L("Roost asks again on {{.Date}}.", values{"Date": fullDate(r.Due)})
	}
}

// fullDate is a date with its year.
func fullDate(t time.Time) string {
	return lang.X("date.full", "{{.Day}} {{.Month}} {{.Year}}", values{"Day": t.Day(), "Month": month(t), "Year": t.Year()})
}

// draw takes the words away after a while.
func (v *wordsPage) draw(now Now) {
	if !v.since.IsZero() && now.At.Sub(v.since) >= wordsShown {
		v.hide()
	}
}

// allowed asks for the password, where Roost has one, or else for the log-in, where the system can; then it goes on.
func (v *wordsPage) allowed(then func()) {
	w := v.s.w
	title := lang.L("Before the words are shown")
	var d *kit.Dialog
	cancel := kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() })
	warned := kit.NewParagraph(lang.L("Who sees the words and reaches your storage can read all your files. Is nobody looking at your screen?")).Secondary()
	if !w.desktop.Locked() {
		said := kit.NewParagraph("").Secondary()
		said.Hide()
		next := kit.NewButton(kit.Primary, "", lang.L("Go on"), nil)
		next.SetTap(func() { v.askLogIn(d, next, said, then) })
		d = kit.NewDialog(title, kit.VBox(12, warned, said), cancel, next)
		w.dialog(d)
		return
	}
	field := passwordField(lang.L("Your password for Roost"), "")
	var next *kit.Button
	open := func() {
		typed := field.Text()
		if typed == "" {
			field.SetError(lang.L("Type the password."))
			return
		}
		next.Disable()
		w.do(func(ctx context.Context) error { return w.desktop.Unlock(ctx, typed) }, func(err error) {
			next.Enable()
			switch {
			case !d.IsOpen():
			case err == nil:
				d.Close()
				then()
			case problemOf(err).Code == "wrong_passphrase":
				field.SetText("")
				field.SetError(lang.L("This is not the right password"))
				field.Focus()
			default:
				field.SetError(problemText(problemOf(err)))
			}
		})
	}
	next = kit.NewButton(kit.Primary, "", lang.L("Go on"), open)
	field.OnEnter = open
	d = kit.NewDialog(title, kit.VBox(12, warned, field.Root), cancel, next)
	w.dialog(d)
	field.Focus()
}

// askLogIn has the system ask for the log-in, where it can, and goes on when it was given. Where the system turns out to have no
// way to ask, the dialog says so: the words must not be out of reach of who they belong to.
func (v *wordsPage) askLogIn(d *kit.Dialog, next *kit.Button, said *kit.Paragraph, then func()) {
	goOn := func() { d.Close(); then() }
	tell := func(text string) {
		said.SetText(text)
		shown(said, true)
		d.Refresh()
	}
	next.Disable()
	if v.asks {
		tell(lang.L("This computer asks for your log-in…"))
	}
	asks, got := false, LogInNotAsked
	v.s.w.do(func(ctx context.Context) (err error) {
		if asks = v.s.w.desktop.AsksLogIn(ctx); asks { // what the page knows may be too old
			got, err = v.s.w.desktop.AskLogIn(ctx)
		}
		return err
	}, func(err error) {
		next.Enable()
		switch {
		case !d.IsOpen():
		case !asks && errors.Is(err, syncer.ErrBusy): // it was not looked at
			tell(problemText(problemOf(err)))
		case !asks && !v.asks, got == LogInGiven:
			goOn()
		case err != nil || got == LogInNotAsked:
			v.asks = false
			v.drawProtected()
			next.SetTap(goOn)
			tell(lang.L("This computer has no way to ask for your log-in now. Go on only if it is you who sits here."))
		default:
			tell(lang.L("Your log-in was not given, so the words stay hidden."))
		}
	})
}

// show puts the words on the page.
func (v *wordsPage) show() {
	var words []string
	v.s.w.do(func(ctx context.Context) (err error) {
		words, err = v.s.w.engine.Words(ctx)
		return err
	}, func(err error) {
		if err != nil {
			v.fail(err)
			return
		}
		if v.since = v.s.now.At; v.since.IsZero() {
			v.since = time.Now()
		}
		hide := kit.NewButton(kit.Secondary, "", lang.L("Hide the words"), v.hide)
		v.place.Objects = []fyne.CanvasObject{kit.VBox(12, wordGrid(words),
			kit.Between(kit.NewParagraph(lang.L("They go away by themselves after two minutes.")).Secondary(), hide))}
		v.see.Disable()
		shown(v.place, true)
		v.s.refresh()
	})
}

func (v *wordsPage) hide() {
	if v.since.IsZero() {
		return
	}
	v.since, v.place.Objects = time.Time{}, nil
	v.place.Hide()
	v.see.Enable()
	v.s.refresh()
}

// wordGrid is the words as the sheet has them: numbered, four in a row.
func wordGrid(words []string) *fyne.Container {
	grid := kit.VBox(10)
	for row := range slices.Chunk(words, wordColumns) {
		var cells []fyne.CanvasObject
		for _, word := range row {
			cells = append(cells, wordCell(len(grid.Objects)*wordColumns+len(cells)+1, word))
		}
		grid.Add(kit.Columns(10, fourColumns, cells...))
	}
	return grid
}

// sheet is the recovery sheet as the engine's backup has it. It runs away from the UI goroutine.
func (v *wordsPage) sheet(ctx context.Context, texts sheet.Texts) (sheet.Sheet, error) {
	words, err := v.s.w.engine.Words(ctx)
	if err != nil {
		return sheet.Sheet{}, err
	}
	r, err := v.s.w.engine.Recovery(ctx)
	return sheet.Sheet{Words: words, Fingerprint: r.Fingerprint, Storage: r.Address, Device: r.Device, Date: time.Now(), Texts: texts}, err
}

func (v *wordsPage) printSheet() {
	var path string
	texts := sheetTexts(time.Now())
	v.make(v.print, func(ctx context.Context) error {
		s, err := v.sheet(ctx, texts)
		if err == nil {
			path, err = v.s.w.desktop.PrintSheet(ctx, s)
		}
		return err
	}, func() {
		v.s.w.openPath(path)
		v.say(kit.NewNotice(kit.Accent, lang.L("The sheet opens in another window"), lang.L("Print it there. Roost deletes it again when you quit.")))
	})
}

func (v *wordsPage) saveSheet() {
	v.s.w.chooseFolder(func(dir string) {
		var path string
		texts := sheetTexts(time.Now())
		v.make(v.save, func(ctx context.Context) error {
			s, err := v.sheet(ctx, texts)
			if err == nil {
				path, err = v.s.w.desktop.SaveSheet(ctx, dir, s)
			}
			return err
		}, func() {
			v.say(kit.NewNotice(kit.Warn, lang.L("The sheet is saved"),
				lang.L("{{.Path}}: move it away from this computer. Who opens it can read your backup.", values{"Path": kit.Shown(path)})))
		})
	})
}

// make does what a button is for, and shows what went wrong below it.
func (v *wordsPage) make(button *kit.Button, do func(context.Context) error, then func()) {
	button.Disable()
	v.s.w.do(do, func(err error) {
		button.Enable()
		if err != nil {
			v.fail(err)
			return
		}
		then()
	})
}

func (v *wordsPage) fail(err error) {
	p := problemOf(err)
	v.say(kit.NewNotice(problemTone(p), translated(p.Title), problemText(p), v.s.w.detailsButton(p)))
}

func (v *wordsPage) say(n *kit.Notice) {
	v.said.Objects = []fyne.CanvasObject{n.Root}
	v.said.Show()
	v.s.refresh()
}
