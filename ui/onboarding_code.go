package ui

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// maxCodeFile is in bytes: a photograph of a QR picture is the longest thing that may hold a code.
const maxCodeFile = 32 << 20

// showCode asks for the connection code of a storage: pasted, or in a picture or file that is dropped on the window.
func (o *onboarding) showCode() {
	text := kit.NewTextField(lang.L("Connection code"), lang.L("It begins with ROOST. A picture of it can be dropped on this window."), 4)
	password := kit.NewPasswordField(lang.L("Password of the code"), lang.L("What was chosen when the code was made."))
	password.Root.Hide()
	var next *kit.Button
	// A picture is read each time with the password that is there by then.
	given := func() []byte { return []byte(text.Text()) }
	use := func() {
		how := syncer.SetupOptions{Words: o.how.Words}
		if err := how.ReadCode(given(), password.Text()); err != nil {
			o.say()
			if syncer.Describe(err).Code == "code_locked" {
				shown(password.Root, true)
				o.page.Refresh()
				password.Focus()
				return
			}
			o.fail(err)
			return
		}
		o.how, o.local = how, false
		o.prepare(next)
	}
	next = kit.NewButton(kit.Primary, "", lang.L("Continue"), use)
	password.OnEnter = use
	text.OnTyped = func(string) { given = func() []byte { return []byte(text.Text()) } }
	o.show(part{
		title: lang.L("A connection code"), lead: lang.L("Whoever set the storage up has one. It says where the storage is, and lets this computer in."),
		body: []fyne.CanvasObject{kit.Card(kit.VBox(14, text.Root, password.Root))}, back: o.showWhere, next: next,
	})
	o.dropped = func(path string) {
		data, err := readCodeFile(path)
		if err != nil {
			o.fail(err)
			return
		}
		given = func() []byte { return data }
		use()
	}
	text.Focus()
}

// readCodeFile reads a picture or a text with a code.
func readCodeFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxCodeFile+1))
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
