package ui

import (
	"fyne.io/fyne/v2"

	"roost/ui/kit"
	"roost/ui/lang"
)

// growthCard shows how much was kept on each of the last days.
type growthCard struct {
	root  *fyne.Container
	chart *kit.Chart
	grown *kit.Chip
	from  *kit.Text
	today *kit.Text
	none  *kit.Paragraph
}

func newGrowthCard() *growthCard {
	g := &growthCard{
		chart: kit.NewChart(), grown: kit.NewChip("", kit.Accent), from: kit.Small(""), today: kit.Small(lang.L("Today")),
		none: kit.NewParagraph(lang.L("After two days, a line shows here how your backup grows.")).Secondary(),
	}
	head := kit.Between(kit.Heading(lang.L("Last 30 days")).Clipped(), g.grown)
	axis := kit.Between(g.from, g.today)
	g.root = kit.Card(kit.Stretch(10, 2, head, g.none, g.chart, axis))
	return g
}

func (g *growthCard) draw(now Now) {
	known := len(now.Days) > 1
	shown(g.none, !known)
	shown(g.grown, known)
	shown(g.chart, known)
	shown(g.from, known)
	shown(g.today, known)
	if !known {
		return
	}
	points := make([]float64, len(now.Days))
	for i, bytes := range now.Days {
		points[i] = float64(bytes)
	}
	more := now.Days[len(now.Days)-1] - now.Days[0]
	change := size(more)
	if more >= 0 {
		change = "+" + change
	} else {
		change = "−" + size(-more)
	}
	g.grown.Set(change, kit.Accent)
	g.from.SetText(date(now.At.AddDate(0, 0, 1-len(now.Days))))
	g.chart.Set(points, lang.L("In {{.Days}} days, what is kept changed by {{.Size}}.", values{"Days": len(now.Days), "Size": change}))
}
