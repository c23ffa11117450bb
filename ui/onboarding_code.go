package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// maxCodeFile is in bytes: a photograph of a QR picture is the longest thing that may hold a code.
const maxCodeFile = 32 << 20

// showCode asks for the connection code of any storage.
func (o *onboarding) showCode() { o.askCode(syncer.Nearby{}, o.showWhere) }

// askCode asks for the connection code of a storage: pasted, or in a picture or file that is dropped on the window. The one that
// is meant was found in the local network; a zero one is any.
func (o *onboarding) askCode(meant syncer.Nearby, back func()) {
	text := kit.NewTextField(lang.L("Connection code"), lang.L("It begins with ROOST. A picture of it can be dropped on this window."), 4)
	password := passwordField(lang.L("Password of the code"), lang.L("What was chosen when the code was made."))
	password.Root.Hide()
	var next, picture *kit.Button
	// A picture is read each time with the password that is there by then.
	given := func() []byte { return []byte(text.Text()) }
	use := func() {
		how, from, typed, locked := o.keys(), given(), password.Text(), false
		o.run(next, lang.L("One moment"), func(context.Context) error {
			err := how.ReadCode(from, typed)
			locked = err != nil && syncer.Describe(err).Code == "code_locked"
			if locked {
				return nil
			}
			return err
		}, func() {
			if locked {
				shown(password.Root, true)
				o.page.Refresh()
				password.Focus()
				return
			}
			goOn := func() {
				o.how, o.local = how, false
				o.prepare(next)
			}
			if otherThan(meant, how) {
				o.sayOther(meant, goOn)
				return
			}
			goOn()
		})
	}
	read := func(b *kit.Button, data func() ([]byte, error)) {
		var found []byte
		o.run(b, lang.L("One moment"), func(context.Context) (err error) {
			found, err = data()
			return err
		}, func() {
			given = func() []byte { return found }
			use()
		})
	}
	next = kit.NewButton(kit.Primary, "", lang.L("Continue"), use)
	picture = kit.NewButton(kit.Secondary, "", lang.L("Choose a picture"), func() {
		pickCode(o.w.over, func(err error) { o.fail(err) }, func(data func() ([]byte, error)) { read(picture, data) })
	})
	password.OnEnter = use
	text.OnTyped = func(string) { given = func() []byte { return []byte(text.Text()) } }
	title := lang.L("The connection code")
	if meant.Fingerprint != "" {
		title = lang.L("The connection code of {{.Name}}", values{"Name": nearbyName(meant)})
	}
	o.show(part{
		title: title, lead: lang.L("Whoever set the storage up has one. It says where the storage is, and lets this computer in."),
		body: []fyne.CanvasObject{kit.Card(kit.VBox(14, text.Root, password.Root))}, back: back, other: picture, next: next,
	})
	o.dropped = func(path string) {
		read(next, func() ([]byte, error) { return readCodeFile(path) })
	}
	text.Focus()
}

// pickCode is the choice of a file with a code, text or picture, as the toolkit's window has it.
func pickCode(over fyne.Window, fail func(error), chosen func(read func() ([]byte, error))) {
	dialog.ShowFileOpen(func(file fyne.URIReadCloser, err error) {
		switch {
		case err != nil:
			fail(err)
		case file != nil: // nil: they changed their mind
			chosen(func() ([]byte, error) {
				data, err := readCode(file)
				return data, errors.Join(err, file.Close())
			})
		}
	}, over)
}

// readCodeFile reads a picture or a text with a code.
func readCodeFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readCode(f)
}

func readCode(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxCodeFile+1))
	if err == nil && len(data) > maxCodeFile {
		err = fmt.Errorf("%w: the file is too large for a code", syncer.ErrUsage)
	}
	return data, err
}

// drop takes what is dropped on the window while its step wants something; false: it does not.
func (o *onboarding) drop(all []fyne.URI) bool {
	if o.dropped == nil {
		return false
	}
	for _, uri := range all {
		if uri.Scheme() == "file" {
			o.dropped(filepath.FromSlash(uri.Path()))
			return true
		}
	}
	return true
}
