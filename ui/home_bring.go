package ui

import (
	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// bringHomeLine says on the home screen that something is being brought in, whatever window asked for it, and how far that is.
type bringHomeLine struct {
	root          *fyne.Container
	title, detail *kit.Text
}

func newBringLine(w *Window) *bringHomeLine {
	b := &bringHomeLine{title: kit.Strong("").Clipped(), detail: kit.Small("").Clipped()}
	see := kit.NewButton(kit.Secondary, "archive", lang.L("See how far it is"), func() { w.onStorages((*storagesScreen).showBring) })
	b.root = kit.VBox(0, kit.Card(kit.Lead(14, kit.Middle(kit.Tile("archive", kit.Accent)), kit.Between(kit.VBox(2, b.title, b.detail), see))))
	b.root.Hide()
	return b
}

func (b *bringHomeLine) draw(now Now) {
	run := now.Bring
	shown(b.root, run != nil)
	if run == nil {
		return
	}
	title, words := lang.L("Bringing it in"), ""
	switch {
	case run.State == syncer.ErrandOver:
		title = lang.L("What you had is brought in")
		words = lang.L("See what came of it.")
	case run.State == syncer.ErrandPaused:
		words = lang.L("Paused")
	case run.State == syncer.ErrandStopped && run.Problem != nil:
		words = translated(run.Problem.Title)
	default:
		words, _, _ = bringProgress(run, now.At)
		if run.Part < len(run.Parts) {
			words = facts(bringName(run.Parts[run.Part]), words)
		}
	}
	b.title.SetText(title)
	b.detail.SetText(words)
}
