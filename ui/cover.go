package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// Cover fills a window while there is no engine to show: it says why, whether files are safe, and the next step. Without a
// problem it is not known yet. again begins anew with the recovery words, where that mends it.
func Cover(over fyne.Window, p syncer.Problem, again func()) error {
	if err := loadTranslations(); err != nil {
		return err
	}
	var begin *kit.Button
	if again != nil && mendedAnew(p) {
		begin = kit.NewButton(kit.Primary, "key", lang.L("Set up again with my words"), func() { askAgain(over.Canvas(), again) })
	}
	over.SetContent(cover(p, begin))
	over.SetPadded(false)
	over.SetOnDropped(nil)
	return nil
}

func cover(p syncer.Problem, begin *kit.Button) fyne.CanvasObject {
	if p.Title == "" {
		h := headlineOf(Now{})
		return kit.NewPage(kit.VBox(kit.Gap, kit.HBox(0, logo()), kit.Card(kit.Empty(h.glyph, h.title, h.detail, nil)))).Root
	}
	said := kit.VBox(14, container.NewCenter(kit.NewHalo(coverGlyph(p), problemTone(p))),
		kit.NewParagraph(translated(p.Title)).AsTitle().Centred(), kit.NewParagraph(problemText(p)).Centred())
	if p.Action != "" {
		said.Add(kit.NewNotice(kit.Accent, lang.L("What to do"), sentence(translated(p.Action))).Root)
	}
	if begin != nil {
		said.Add(container.NewCenter(begin))
	}
	said.Add(kit.NewParagraph(lang.L("Roost tries again by itself every few seconds.")).Secondary().Centred())
	return kit.NewPage(kit.VBox(kit.Gap, kit.HBox(0, logo()), kit.Card(kit.Pad(kit.PageInset, said)))).Root
}

func coverGlyph(p syncer.Problem) string {
	if p.Code == "not_set_up" {
		return "shield-off"
	}
	return "warning"
}
