package ui

import (
	"strings"
	"unicode"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// showTypeWords takes the 24 words, typed one by one or pasted.
func (o *onboarding) showTypeWords() {
	list := syncer.WordList()
	fields := make([]*kit.WordField, wordCount)
	grid := kit.VBox(12)
	for row := range wordCount / wordColumns {
		var cells []fyne.CanvasObject
		for i := row * wordColumns; i < (row+1)*wordColumns; i++ {
			fields[i] = newWordField(i, list)
			if fields[i].SetText(o.typed[i]); o.typed[i] != "" {
				fields[i].Check()
			}
			cells = append(cells, fields[i].Root)
		}
		grid.Add(kit.Columns(12, fourColumns, cells...))
	}
	var next *kit.Button
	keep := func() {
		for i, f := range fields {
			o.typed[i] = f.Text()
		}
	}
	use := func() {
		keep()
		for i, f := range fields {
			if _, known := f.Word(); !known {
				o.missing(f, i)
				return
			}
		}
		words := strings.Join(o.typed[:], " ")
		if err := syncer.SpellWords(words); err != nil {
			o.fail(err)
			return
		}
		o.how.Words = words
		o.showWhere()
	}
	next = kit.NewButton(kit.Primary, "", lang.L("Continue"), use)
	for i, f := range fields {
		f.Done = func() {
			if i+1 < wordCount {
				fields[i+1].Focus()
			} else {
				use()
			}
		}
		f.Words = func(pasted []string) { o.paste(fields, i, pasted) }
	}
	o.show(part{
		title: lang.L("Your 24 recovery words"), lead: lang.L("They are on your recovery sheet. You can paste all of them at once."), wide: true,
		body: []fyne.CanvasObject{kit.Card(grid)}, back: func() { keep(); o.showWelcome() }, next: next,
		other: kit.NewButton(kit.Secondary, "device", lang.L("Use another computer instead"), func() { keep(); o.showAsking() }),
	})
	fields[0].Focus()
}

// missing sends the person to a field that has no word of the list.
func (o *onboarding) missing(f *kit.WordField, i int) {
	f.Focus()
	if strings.TrimSpace(f.Text()) == "" {
		o.say(kit.NewNotice(kit.Warn, lang.L("Word {{.Number}} is missing", values{"Number": i + 1}), lang.L("Compare with your sheet.")).Root)
		return
	}
	o.say(kit.NewNotice(kit.Warn, lang.L("Word {{.Number}} isn't in the list", values{"Number": i + 1}), lang.L("Compare with your sheet.")).Root)
}

// paste spreads words over the fields, from the first one when they are all of them, and shows which are wrong.
func (o *onboarding) paste(fields []*kit.WordField, at int, pasted []string) {
	var words []string
	for _, p := range pasted {
		word := strings.TrimFunc(p, func(r rune) bool { return !unicode.IsLetter(r) }) // "7." and commas come along
		if word != "" {
			words = append(words, strings.ToLower(word))
		}
	}
	if len(words) >= wordCount {
		at = 0
	}
	fields[at].SetText("")
	wrong := -1
	for i, word := range words {
		if at+i >= wordCount {
			break
		}
		f := fields[at+i]
		f.SetText(word)
		f.Check()
		if _, known := f.Word(); !known && wrong < 0 {
			wrong = at + i
		}
	}
	last := min(at+len(words), wordCount-1)
	if wrong >= 0 {
		last = wrong
	}
	fields[last].Focus()
	if len(words) > wordCount-at {
		o.say(kit.NewNotice(kit.Warn, lang.L("These are more than 24 words"), lang.L("Compare with your sheet.")).Root)
	}
}
