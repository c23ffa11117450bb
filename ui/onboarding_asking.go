package ui

import (
	"context"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// showAsking asks another computer of the backup to let this one in: a code goes there, and an answer comes back.
func (o *onboarding) showAsking() {
	o.show(part{title: lang.L("Add this device"), back: o.showTypeWords})
	var a *syncer.Applicant
	o.run(nil, lang.L("One moment"), func(context.Context) (err error) {
		a, err = syncer.NewApplicant("")
		return err
	}, func() { o.showCodeOf(a) })
}

// showCodeOf shows the code, as long as it is good, and takes the answer.
func (o *onboarding) showCodeOf(a *syncer.Applicant) {
	left := kit.NewParagraph("").Secondary()
	answer := kit.NewTextField(lang.L("Answer of the other computer"), lang.L("It begins with ROOST. A file with it can be dropped on this window."), 3)
	var next, file *kit.Button
	use := func(b *kit.Button, given func() ([]byte, error)) {
		var joined *syncer.Joined
		o.run(b, lang.L("One moment"), func(context.Context) error {
			data, err := given()
			if err == nil {
				joined, err = a.Join(data)
			}
			return err
		}, func() { o.showJoined(joined) })
	}
	next = kit.NewButton(kit.Primary, "", lang.L("Continue"), func() {
		text := answer.Text()
		use(next, func() ([]byte, error) { return []byte(text), nil })
	})
	file = kit.NewButton(kit.Secondary, "", lang.L("Choose the file"), func() {
		pickCode(o.w.over, func(err error) { o.fail(err) }, func(read func() ([]byte, error)) { use(file, read) })
	})
	give := kit.VBox(10, kit.Heading(lang.L("1. Give this code to the other computer")),
		kit.NewParagraph(lang.L("There: Settings, \"Add a device\". The code is no secret: send it as you like, or carry it over as a file.")).Secondary(),
		o.w.letterButtons(a.Code), left, pairingWords(a.Words, lang.L("The other computer shows these four words for it:")))
	o.show(part{
		title: lang.L("Add this device"), lead: lang.L("A computer that was set up with the words can let this one in."), wide: true,
		body: []fyne.CanvasObject{
			kit.Card(withPicture(a.Code, give)),
			kit.Card(kit.VBox(10, kit.Heading(lang.L("2. Bring its answer back")), answer.Root)),
		},
		back: o.showTypeWords, other: file, next: next,
	})
	o.letters = true
	o.dropped = func(path string) { use(next, func() ([]byte, error) { return readCodeFile(path) }) }
	draw := func(now time.Time) {
		if !now.Before(a.Until) {
			left.SetText(lang.L("The code is too old now."))
			again := kit.NewButton(kit.Secondary, "refresh", lang.L("Show a new code"), o.showAsking)
			o.say(kit.NewNotice(kit.Warn, lang.L("The code is too old now."), lang.L("A code is good for ten minutes."), again).Root)
			return
		}
		left.SetText(goodFor(a.Until.Sub(now)))
	}
	draw(time.Now())
	step := o.step
	o.inStep(func(ctx context.Context) error {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case now := <-tick.C:
				o.tell(step, func() { draw(now) })
				if !now.Before(a.Until) {
					return nil
				}
			}
		}
	}, func(error) {})
}

// showJoined has the person compare what both screens show: only then is it their own backup, and not one that somebody made up.
func (o *onboarding) showJoined(j *syncer.Joined) {
	var same *kit.Button
	same = kit.NewButton(kit.Primary, "", lang.L("They are the same"), func() {
		o.how = syncer.SetupOptions{Joined: j}
		if len(j.Storages) == 0 {
			o.showWhere()
			return
		}
		o.how, o.local = j.Storages[0], false
		o.prepare(same)
	})
	differ := kit.NewButton(kit.Secondary, "", lang.L("They are not the same"), func() {
		o.showAsking()
		o.w.say(kit.Warn, lang.L("The answer was not used. Somebody may have changed it on the way: carry the new one in another way."))
	})
	o.show(part{
		title: lang.L("Are the words the same?"), lead: lang.L("The other computer shows four words beside its answer. They are others than those of the code."),
		body: []fyne.CanvasObject{kit.Card(pairingWords(j.Words, lang.L("On this computer they are:")))}, back: o.showTypeWords, other: differ, next: same,
	})
}

// goodFor is how long a code may still be used.
func goodFor(d time.Duration) string {
	minutes := int((d + time.Minute - 1) / time.Minute)
	return lang.N("Good for {{.Count}} more minutes", minutes, values{"Count": minutes})
}
