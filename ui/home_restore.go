package ui

import (
	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// restoreLine says on the home screen that something is being restored, whatever window asked for it, and how far that is.
type restoreLine struct {
	root          *fyne.Container
	title, detail *kit.Text
}

func newRestoreLine(w *Window) *restoreLine {
	r := &restoreLine{title: kit.Strong("").Clipped(), detail: kit.Small("").Clipped()}
	see := kit.NewButton(kit.Secondary, "restore", lang.L("See how far it is"), func() { w.Show(Restore) })
	r.root = kit.VBox(0, kit.Card(kit.Lead(14, kit.Middle(kit.Tile("restore", kit.Accent)), kit.Between(kit.VBox(2, r.title, r.detail), see))))
	r.root.Hide()
	return r
}

func (r *restoreLine) draw(now Now) {
	run := now.Restore
	shown(r.root, run != nil && run.State != syncer.ErrandOver)
	if run == nil {
		return
	}
	words, _, _ := restoreProgress(run.Progress, now.At)
	switch {
	case run.State == syncer.ErrandPaused:
		words = lang.L("Paused")
	case run.State == syncer.ErrandStopped && run.Problem != nil:
		words = translated(run.Problem.Title)
	}
	r.title.SetText(kit.Shown(run.Title))
	r.detail.SetText(words)
}
