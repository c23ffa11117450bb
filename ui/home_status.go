package ui

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// statusCard says how everything is, with the buttons that change it.
type statusCard struct {
	root     *fyne.Container
	w        *Window
	progress *fyne.Container // around the bar
	buttons  *fyne.Container
	halo     *kit.Halo
	title    *kit.Paragraph
	detail   *kit.Paragraph
	proof    *kit.Paragraph // that what is saved comes back
	bar      *kit.Bar
	backUp   *kit.Button
	pause    *kit.Button
	resume   *kit.Button
}

func newStatusCard(w *Window) *statusCard {
	s := &statusCard{
		w: w, halo: kit.NewHalo("shield-wait", kit.Idle), title: kit.NewParagraph("").AsTitle(),
		detail: kit.NewParagraph("").Secondary(), proof: kit.NewParagraph("").Secondary().Small(), bar: kit.NewBar(kit.Accent),
	}
	s.backUp = kit.NewButton(kit.Primary, "", lang.L("Back up now"), func() {
		w.start(s.backUp, func(ctx context.Context) error {
			_, err := w.engine.Backup(ctx, nil, nil)
			return err
		})
	})
	s.pause = kit.NewButton(kit.Secondary, "", lang.L("Pause"), s.choosePause)
	s.resume = kit.NewButton(kit.Primary, "", lang.L("Resume"), func() {
		w.start(s.resume, func(ctx context.Context) error { return w.engine.Resume(ctx, "") })
	})
	s.progress = kit.PadEach(6, 0, 0, 0, s.bar)
	words := kit.VBox(4, s.title, s.detail, s.proof, s.progress)
	s.buttons = kit.HBox(8, s.pause, s.resume, s.backUp)
	s.root = kit.Card(kit.Lead(18, kit.Middle(s.halo), kit.Between(words, s.buttons)))
	return s
}

func (s *statusCard) draw(now Now) {
	h := headlineOf(now)
	s.halo.Set(h.glyph, h.tone)
	s.title.SetText(h.title)
	s.detail.SetText(h.detail)
	proof := homeProof(now)
	s.proof.SetText(proof)
	shown(s.proof, proof != "")
	s.bar.Set(h.part, h.tone)
	shown(s.progress, h.busy)
	can := len(now.Folders) > 0
	shown(s.buttons, can)
	shown(s.resume, now.State == syncer.StatePaused)
	shown(s.pause, can && now.State != syncer.StatePaused)
	shown(s.backUp, can && now.State != syncer.StateSaving && now.State != syncer.StatePaused)
}

func (s *statusCard) choosePause() {
	menu := fyne.NewMenu("")
	for _, item := range pauseItems(s.w.now.At) {
		menu.Items = append(menu.Items, fyne.NewMenuItem(item.Label, func() {
			s.w.start(s.pause, func(ctx context.Context) error { return s.w.engine.Pause(ctx, "", item.Until) })
		}))
	}
	widget.ShowPopUpMenuAtRelativePosition(menu, s.w.over.Canvas(), fyne.NewPos(0, s.pause.Size().Height+4), s.pause)
}

func shown(o fyne.CanvasObject, visible bool) {
	if visible && !o.Visible() {
		o.Show()
	} else if !visible && o.Visible() {
		o.Hide()
	}
}
