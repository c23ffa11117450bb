package ui

import (
	"context"

	"fyne.io/fyne/v2"

	"roost/ui/kit"
	"roost/ui/lang"
)

// passwordField is for everything that is not to be read over a shoulder.
func passwordField(label, hint string) *kit.Field {
	return kit.NewPasswordField(label, hint, lang.L("Show what is typed"))
}

// showNewPassphrase asks for what protects this computer's key, where the system has no place for it.
func (o *onboarding) showNewPassphrase() {
	first := passwordField(lang.L("New password"), lang.L("Roost asks for it when it starts. It is not one of your recovery words."))
	again := passwordField(lang.L("The same password again"), "")
	var next *kit.Button
	use := func() {
		switch {
		case first.Text() == "":
			first.SetError(lang.L("Choose a password."))
			first.Focus()
		case first.Text() != again.Text():
			again.SetError(lang.L("The two are not the same."))
			again.Focus()
		default:
			first.SetError("")
			again.SetError("")
			o.starter.UsePassphrase(first.Text())
			o.prepare(next)
		}
	}
	next = kit.NewButton(kit.Primary, "", lang.L("Continue"), use)
	first.OnEnter, again.OnEnter = again.Focus, use
	o.show(part{
		title: lang.L("A password for Roost"),
		lead:  lang.L("This computer has no safe place of its own for the key of your backup. A password protects it instead."),
		body:  []fyne.CanvasObject{kit.Card(kit.VBox(14, first.Root, again.Root))}, back: o.showWhere, next: next,
	})
	first.Focus()
}

// askPassphrase opens this computer's key after a restart, and goes on with what needed it.
func (o *onboarding) askPassphrase(then func()) {
	field := passwordField(lang.L("Password"), "")
	var next *kit.Button
	open := func() {
		o.starter.UsePassphrase(field.Text())
		o.run(next, lang.L("One moment"), func(ctx context.Context) error {
			_, _, err := o.starter.Words(ctx)
			return err
		}, then)
	}
	next = kit.NewButton(kit.Primary, "", lang.L("Continue"), open)
	field.OnEnter = open
	o.show(part{
		title: lang.L("Your password for Roost"), lead: lang.L("It protects the key of your backup on this computer."),
		body: []fyne.CanvasObject{kit.Card(field.Root)}, next: next,
	})
	field.Focus()
}

// needing does what needs this computer's key, and asks for the password where that is missing.
func (o *onboarding) needing(words string, do func(context.Context) error, then, again func()) {
	var locked bool
	o.run(nil, words, func(ctx context.Context) error {
		err := do(ctx)
		if locked = needsPassphrase(err); locked {
			return nil
		}
		return err
	}, func() {
		if locked {
			o.askPassphrase(again)
			return
		}
		then()
	})
}

// AskPassword fills a window with the question for the password of this computer's key, which is kept in no keyring. wrong
// says that the last answer did not open it. use is called on the UI goroutine, once.
func AskPassword(over fyne.Window, wrong bool, use func(typed string)) error {
	if err := loadTranslations(); err != nil {
		return err
	}
	field := passwordField(lang.L("Password"), "")
	var next *kit.Button
	open := func() {
		if field.Text() == "" {
			field.SetError(lang.L("Type the password."))
			return
		}
		next.Disable()
		field.SetEnabled(false)
		use(field.Text())
	}
	next = kit.NewButton(kit.Primary, "", lang.L("Continue"), open)
	field.OnEnter = open
	if wrong {
		field.SetError(lang.L("This is not the right password"))
	}
	content := kit.VBox(18, logo(), kit.VBox(6, kit.NewParagraph(lang.L("Your password for Roost")).AsTitle(),
		kit.NewParagraph(lang.L("It protects the key of your backup on this computer. Your saved files are safe.")).Secondary()),
		kit.Card(field.Root), kit.Between(kit.NewBox("", "", 0), next))
	over.SetPadded(false)
	over.SetContent(kit.NewPage(kit.Narrow(stepWidth, content)).Root)
	field.Focus()
	return nil
}
