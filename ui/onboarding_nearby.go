package ui

import (
	"context"
	"net/url"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// Nearby lists the storages that tell the local network of themselves: [syncer.LookNearby]. It takes a few seconds.
type Nearby func(context.Context) ([]syncer.Nearby, error)

// foundNearby is for the storages that are found in the local network once look was called, in the step that shows it. To use
// one takes its connection code. Where nothing can be found there is nothing to see: whoever has an address needs none of it.
func (o *onboarding) foundNearby(back func()) (list *fyne.Container, look func()) {
	list = kit.VBox(12)
	if o.w.nearby == nil {
		list.Hide()
		return list, func() {}
	}
	list.Add(kit.NewParagraph(lang.L("Looking for storages in this network")).Secondary())
	return list, func() { o.lookNearby(list, back) }
}

func (o *onboarding) lookNearby(list *fyne.Container, back func()) {
	var found []syncer.Nearby
	o.inStep(func(ctx context.Context) (err error) {
		found, err = o.w.nearby(ctx)
		return err
	}, func(err error) {
		list.RemoveAll()
		if err != nil || len(found) == 0 {
			list.Hide()
			o.page.Refresh()
			return
		}
		list.Add(kit.Strong(lang.L("Found in this network")))
		for _, b := range found {
			list.Add(kit.NewOption(kit.OptionData{
				Icon: "server", Tone: kit.Good, Title: nearbyName(b), Detail: lang.L("At {{.Address}}. Its connection code lets this computer in.", values{"Address": nearbyHost(b)}),
			}, func() { o.askCode(b, back) }))
		}
		o.page.Refresh()
	})
}

// nearbyName is what a storage says that it is called; one that does not is called by its address.
func nearbyName(b syncer.Nearby) string {
	if b.Name == "" {
		return nearbyHost(b)
	}
	return kit.Shown(b.Name)
}

func nearbyHost(b syncer.Nearby) string {
	u, err := url.Parse(b.Addresses[0]) // it has one
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// otherThan tells whether a code leads to another storage than the one that was meant, which may be none.
func otherThan(meant syncer.Nearby, how syncer.SetupOptions) bool {
	return meant.Fingerprint != "" && how.Fingerprint != meant.Fingerprint
}

// sayOther asks whether the storage of a code is wanted although another one was chosen.
func (o *onboarding) sayOther(meant syncer.Nearby, use func()) {
	o.say(kit.NewNotice(kit.Warn, lang.L("This code is for another storage"),
		lang.L("It does not lead to {{.Name}}. Go on if you mean the one that the code leads to.", values{"Name": nearbyName(meant)}),
		kit.NewButton(kit.Secondary, "", lang.L("Use it anyway"), use)).Root)
}

// movedOptions are ways to a storage that is elsewhere now, beside its new address.
func (o *onboarding) movedOptions() *fyne.Container {
	name := o.more.moved
	return kit.VBox(12,
		kit.NewOption(kit.OptionData{
			Icon: "search", Tone: kit.Accent, Title: lang.L("Look for it in this network"), Detail: lang.L("It may have got another address. It cannot be mistaken for another one."),
		}, func() {
			engine := o.w.engine
			o.run(nil, lang.L("Looking for it in this network"), func(ctx context.Context) error { return engine.FixNode(ctx, name, "reachable") }, o.more.again)
		}),
		kit.NewOption(kit.OptionData{
			Icon: "qr", Tone: kit.Accent, Title: lang.L("I have a connection code"), Detail: lang.L("A line that begins with ROOST, or a picture of it."),
		}, func() { o.askCode(syncer.Nearby{}, o.showAddress) }))
}
