package ui

import (
	"context"
	"errors"
	"io"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"roost/ui/kit"
	"roost/ui/lang"
	"roost/vault/node/code"
)

// maxPicture is in bytes: a photograph of a QR picture.
const maxPicture = 32 << 20

// showCode takes the connection code of a storage, as text or as a picture of it.
func (o *onboarding) showCode() {
	text := kit.NewTextField(lang.L("Connection code"), lang.L("One long line that begins with ROOST. Whoever has it can use the storage."), 4)
	password := kit.NewPasswordField(lang.L("Password of the code"), lang.L("Only if it was sent to you with one."))
	var next, picture *kit.Button
	use := func() {
		var c code.Code
		typed, word := text.Text(), password.Text()
		o.run(next, lang.L("One moment"), func(context.Context) (err error) {
			c, err = code.Parse(typed, word)
			return err
		}, func() {
			o.useCode(c)
			o.prepare(next)
		})
	}
	next = kit.NewButton(kit.Primary, "", lang.L("Continue"), use)
	picture = kit.NewButton(kit.Secondary, "", lang.L("Choose a picture"), func() {
		o.pickPicture(func(read func() ([]byte, error)) {
			found := ""
			o.run(picture, lang.L("Looking for the code in the picture"), func(context.Context) error {
				data, err := read()
				if err == nil {
					found, err = code.FromPicture(data)
				}
				return err
			}, func() { text.SetText(found); use() })
		})
	})
	password.OnEnter = use
	o.show(part{
		title: lang.L("The connection code"), lead: lang.L("The storage shows it at the end of its installation, as text and as a picture."),
		body: []fyne.CanvasObject{kit.Card(kit.VBox(14, text.Root, password.Root))}, back: o.showWhere, other: picture, next: next,
	})
	text.Focus()
}

// pickPicture is the choice of a file as the system's window has it.
func (o *onboarding) pickPicture(chosen func(read func() ([]byte, error))) {
	dialog.ShowFileOpen(func(file fyne.URIReadCloser, err error) {
		switch {
		case err != nil:
			o.fail(err)
		case file != nil: // nil: they changed their mind
			chosen(func() ([]byte, error) {
				data, err := io.ReadAll(io.LimitReader(file, maxPicture))
				return data, errors.Join(err, file.Close())
			})
		}
	}, o.w.over)
}
