package ui

import (
	"context"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

func copyLead() string {
	return lang.L("It goes into a storage on this computer, every part checked, and your files come back from there.")
}

// importCopy puts a copy of the backup, from a disk, into a storage on this computer, and goes on with that. Leaving the step ends it;
// what was copied is not copied again.
func (o *onboarding) importCopy(dir string) {
	how := o.keys()
	how.NodeName = lang.L("This computer")
	title, words, bar := kit.NewParagraph(baseName(dir)).AsTitle(), kit.NewParagraph("").Secondary(), kit.NewBar(kit.Accent)
	draw := func(p syncer.Progress) {
		said, part, known := lang.L("Finding out how much it is"), float64(0), false
		if p.TotalBytes > 0 {
			said, part, known = progressWords(p, time.Now())
		}
		words.SetText(said)
		bar.Set(part, kit.Accent)
		shown(bar, known)
	}
	draw(syncer.Progress{})
	card := kit.Card(kit.VBox(8, title, words, bar))
	o.show(part{title: lang.L("A copy of this backup on a disk"), lead: copyLead(), body: []fyne.CanvasObject{card}, back: o.showWhere})
	step := o.step
	o.inStep(func(ctx context.Context) error {
		return o.w.follow(ctx, func(report syncer.Report) (err error) {
			how, err = o.starter.Import(ctx, how, dir, report)
			return err
		}, func(p syncer.Progress) {
			if o.step == step {
				draw(p)
			}
		})
	}, func(err error) {
		o.how, o.local = how, true
		if err != nil {
			shown(card, false)
			o.fail(err, kit.NewButton(kit.Secondary, "refresh", lang.L("Try again"), func() { o.importCopy(dir) }))
			return
		}
		o.prepare(nil)
	})
}
