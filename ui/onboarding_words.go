package ui

import (
	"context"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// showWhyWords says why there are recovery words, before they are shown.
func (o *onboarding) showWhyWords() {
	point := func(icon, title, text string) fyne.CanvasObject {
		return kit.Lead(14, kit.Middle(kit.Tile(icon, kit.Accent)), kit.VBox(2, kit.Strong(title).Clipped(), kit.NewParagraph(text).Secondary()))
	}
	next := kit.NewButton(kit.Primary, "", lang.L("Show my words"), o.readWords)
	o.show(part{
		title: lang.L("24 words bring everything back"),
		lead:  lang.L("Your backup is ready. Before anything is saved, one thing that only you can do."),
		body: []fyne.CanvasObject{kit.Card(kit.VBox(
			18,
			point("laptop", lang.L("When this computer is gone"), lang.L("With the words and your storage, all files come back on any computer.")),
			point("lock", lang.L("Nobody else has them"), lang.L("Without the words nobody can open your backup: no company, and not we.")),
			point("document", lang.L("They belong on paper"), lang.L("Print them or write them down, and keep the sheet away from this computer.")),
		))},
		other: o.laterButton(), next: next,
	})
}

// laterButton puts the words off; the home reminds of them.
func (o *onboarding) laterButton() *kit.Button {
	var later *kit.Button
	later = kit.NewButton(kit.Quiet, "", lang.L("Later"), func() {
		o.retry = nil
		var locked bool
		o.run(later, lang.L("One moment"), func(ctx context.Context) error {
			err := o.starter.NoteWords(ctx, false)
			if locked = needsPassphrase(err); locked {
				return nil
			}
			return err
		}, func() {
			if locked {
				o.askPassphrase(o.showWhyWords)
				return
			}
			o.showFolders()
		})
	}).Spoken(lang.L("Do this later. Roost will remind you."))
	return later
}

func (o *onboarding) readWords() {
	var words []string
	var fingerprint string
	o.needing(lang.L("One moment"), func(ctx context.Context) (err error) {
		words, fingerprint, err = o.starter.Words(ctx)
		return err
	}, func() { o.showWords(words, fingerprint) }, o.readWords)
}

// showWords shows the words as the sheet has them: numbered, four in a row.
func (o *onboarding) showWords(words []string, fingerprint string) {
	var printed, saved *kit.Button
	printed = kit.NewButton(kit.Secondary, "print", lang.L("Print the sheet"), func() {
		var path string
		texts := sheetTexts(time.Now())
		o.run(printed, lang.L("Making the sheet"), func(ctx context.Context) (err error) {
			path, err = o.starter.Sheet(ctx, texts)
			return err
		}, func() {
			if err := fyne.CurrentApp().OpenURL(&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}); err != nil {
				o.say(kit.NewNotice(kit.Warn, lang.L("No program here shows the sheet"), lang.L("Save it instead, and print it from another computer.")).Root)
				return
			}
			o.say(kit.NewNotice(kit.Accent, lang.L("The sheet opens in another window"), lang.L("Print it there. Roost deletes it again when you quit.")).Root)
		})
	})
	saved = kit.NewButton(kit.Secondary, "download", lang.L("Save the sheet"), func() {
		o.pick(func(dir string) { o.saveSheet(saved, dir) })
	})
	next := kit.NewButton(kit.Primary, "", lang.L("I have them"), func() { o.showCheck(words, fingerprint) })
	o.show(part{
		title: lang.L("Your 24 recovery words"), lead: lang.L("Their order matters. Show them to nobody, and take no photo of them."), wide: true,
		body: []fyne.CanvasObject{
			kit.Card(wordGrid(words)),
			kit.Between(kit.VBox(2, kit.Small(lang.L("The name of this backup, no secret")), kit.Strong(fingerprint)), kit.HBox(8, printed, saved)),
		},
		back: o.showWhyWords, other: o.laterButton(), next: next,
	})
}

func (o *onboarding) saveSheet(button *kit.Button, dir string) {
	var path string
	texts := sheetTexts(time.Now())
	o.run(button, lang.L("Making the sheet"), func(ctx context.Context) (err error) {
		path, err = o.starter.SaveSheet(ctx, dir, texts)
		return err
	}, func() {
		o.say(kit.NewNotice(kit.Warn, lang.L("The sheet is saved"),
			lang.L("{{.Path}}: move it away from this computer. Who opens it can read your backup.", values{"Path": kit.Shown(path)})).Root)
	})
}

// wordColumns is how many words stand in a row, on every screen and on the sheet.
const wordColumns = 4

var fourColumns = []float32{1, 1, 1, 1}

func wordCell(n int, word string) fyne.CanvasObject {
	return container.NewStack(kit.NewBox(kit.ColourPage, kit.ColourOutline, 9),
		kit.PadXY(12, 9, kit.Lead(10, kit.Fixed(18, 0, kit.Middle(kit.Small(number(int64(n))).Aligned(fyne.TextAlignTrailing))), kit.Strong(word))))
}

// checkedWords is how many words prove that somebody has them all.
const checkedWords = 3

// showCheck asks for three of the words.
func (o *onboarding) showCheck(words []string, fingerprint string) {
	var next *kit.Button
	proof := newWordProof(words, func() {
		o.run(next, lang.L("One moment"), func(ctx context.Context) error { return o.starter.NoteWords(ctx, true) }, o.showFolders)
	})
	next = kit.NewButton(kit.Primary, "", lang.L("Check"), proof.check)
	o.show(part{
		title: lang.L("Are they on paper?"), lead: lang.L("Type three of the words from your sheet."),
		body: []fyne.CanvasObject{kit.Card(proof.root)}, back: func() { o.showWords(words, fingerprint) }, other: o.laterButton(), next: next,
	})
	proof.fields[0].Focus()
}

// wordProof asks for three of the words, picked at random.
type wordProof struct {
	root   *fyne.Container
	fields []*kit.WordField
	wanted []string
	had    func() // all three are right
}

func newWordProof(words []string, had func()) *wordProof {
	p := &wordProof{root: kit.VBox(14), had: had}
	asked := rand.Perm(len(words))[:checkedWords]
	slices.Sort(asked)
	list := syncer.WordList()
	for i, at := range asked {
		f := newWordField(at, list)
		f.Done = func() {
			if i+1 < checkedWords {
				p.fields[i+1].Focus()
			} else {
				p.check()
			}
		}
		p.fields, p.wanted = append(p.fields, f), append(p.wanted, words[at])
		p.root.Add(f.Root)
	}
	return p
}

func (p *wordProof) check() {
	for i, f := range p.fields {
		if word, _ := f.Word(); word != p.wanted[i] {
			f.Focus()
			f.SetError(lang.L("Your sheet has another word at this number."))
			return
		}
	}
	p.had()
}

// newWordField is a field for the word at an index.
func newWordField(at int, list []string) *kit.WordField {
	f := kit.NewWordField(lang.L("Word {{.Number}}", values{"Number": at + 1}), list)
	f.Wrong = func(_, near string) string {
		if near == "" {
			return lang.L("This word isn't in the list.")
		}
		return lang.L("This word isn't in the list. Did you mean {{.Word}}?", values{"Word": near})
	}
	return f
}
