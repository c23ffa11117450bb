package ui

import (
	"fyne.io/fyne/v2"

	"roost/ui/kit"
	"roost/ui/lang"
)

// showProgress shows the first backup. From here on Roost works by itself.
func (o *onboarding) showProgress() {
	halo := kit.NewHalo("shield-up", kit.Accent)
	title, detail, bar := kit.Heading(lang.L("The first backup begins")).Clipped(), kit.NewParagraph("").Secondary(), kit.NewBar(kit.Accent)
	answers := kit.VBox(14)
	for _, qa := range [][2]string{
		{lang.L("Can I switch the computer off?"), lang.L("Yes. It goes on where it stopped.")},
		{lang.L("I delete a file here: is it gone there?"), lang.L("No, not until you decide so. Roost is a backup, and no mirror.")},
	} {
		answers.Add(kit.VBox(2, kit.Strong(qa[0]).Clipped(), kit.NewParagraph(qa[1]).Secondary()))
	}
	o.show(part{
		title: lang.L("You can close this window"), lead: lang.L("Roost goes on in the background, and keeps every change from now on."),
		body: []fyne.CanvasObject{kit.Card(kit.Lead(18, kit.Middle(halo), kit.Middle(kit.VBox(8, title, detail, bar)))), kit.Card(answers)},
		next: kit.NewButton(kit.Primary, "", lang.L("Open Roost"), func() { o.done(Home) }),
	})
	bar.Hide()
	o.now = func(now Now) {
		if now.State == "" || len(now.Folders) == 0 {
			return // the engine is about to begin
		}
		h := headlineOf(now)
		halo.Set(h.glyph, h.tone)
		title.SetText(h.title)
		detail.SetText(h.detail)
		shown(bar, h.busy)
		bar.Set(h.part, kit.Accent)
	}
	o.now(o.w.now)
}
