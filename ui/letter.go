package ui

import (
	"context"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/syncer/guide"
	"roost/ui/kit"
	"roost/ui/lang"
)

// pairingWords are four words that the screens of two computers show.
func pairingWords(words, about string) *fyne.Container {
	return kit.VBox(4, kit.NewParagraph(about).Secondary(), kit.Heading(words))
}

// withPicture sets the picture of a code beside what is said of it.
func withPicture(text string, beside fyne.CanvasObject) fyne.CanvasObject {
	qr, err := kit.NewQR(text, lang.L("The code as a picture"))
	if err != nil { // too long for one
		return beside
	}
	return kit.Lead(20, qr, beside)
}

// letterName is the file that carries a code, without its ending.
const letterName = "roost-code"

// letterButtons take a code to the other computer.
func (w *Window) letterButtons(text string) *fyne.Container {
	copied := kit.NewButton(kit.Secondary, "copy", lang.L("Copy the code"), func() {
		fyne.CurrentApp().Clipboard().SetContent(text)
		w.say(kit.Good, lang.L("The code is copied. Paste it on the other computer."))
	})
	var save *kit.Button
	save = kit.NewButton(kit.Secondary, "download", lang.L("Save as a file"), func() {
		w.chooseFolder(func(dir string) {
			var path string
			save.Disable()
			w.do(func(context.Context) (err error) {
				path, err = guide.SaveNew(dir, letterName, ".txt", []byte(text+"\n"))
				return err
			}, func(err error) {
				save.Enable()
				if err != nil {
					w.Tell(err)
					return
				}
				w.say(kit.Good, lang.L("Saved: {{.Path}}", values{"Path": kit.Shown(path)}))
			})
		})
	})
	return kit.HBox(8, copied, save)
}

// letterWords say what is wrong with a code from another computer.
func letterWords(p syncer.Problem) (title, text string) {
	switch p.Code {
	case "code_cut":
		return lang.L("The code is not complete"), lang.L("Its end is missing. Copy all of it, from ROOST to its last letter.")
	case "code_mistyped":
		return lang.L("The code has a mistake in it"), lang.L("Copy it again rather than typing it.")
	case "no_code", "other_code", "damaged":
		return lang.L("This is another code"), lang.L("Take the one that the other computer shows now.")
	}
	return translated(p.Title), problemText(p) + " " + translated(p.Action) + "."
}
