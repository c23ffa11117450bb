package ui

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/syncer/guide"
	"roost/ui/kit"
	"roost/ui/lang"
)

// showWelcome is the first page of all.
func (o *onboarding) showWelcome() {
	keep := kit.NewOption(kit.OptionData{
		Icon: "shield-check", Tone: kit.Good, Title: lang.L("Keep my folders safe"),
		Detail: lang.L("Every change is encrypted on this computer and kept on storage that is yours."),
	}, func() { o.back = false; o.showWhere() })
	back := kit.NewOption(kit.OptionData{
		Icon: "restore", Tone: kit.Accent, Title: lang.L("Get my files back, or add this device"),
		Detail: lang.L("With your 24 recovery words and your storage, on any computer."),
	}, func() { o.back = true; o.showTypeWords() })
	o.show(part{
		title: lang.L("Welcome to Roost"), lead: lang.L("What would you like to do?"),
		body: []fyne.CanvasObject{kit.VBox(12, keep, back)},
	})
}

// showWhere asks where the backup lies, or shall lie.
func (o *onboarding) showWhere() {
	here := kit.OptionData{
		Icon: "computer", Tone: kit.Accent, Title: lang.L("This computer"),
		Detail: lang.L("Helps when a file is lost. When this computer is lost, so is the backup."),
	}
	title, lead, before := lang.L("Where should your backup be kept?"), lang.L("You can add more places later."), o.showWelcome
	if o.back {
		if before = o.showTypeWords; o.how.Joined != nil {
			before = o.showAsking
		}
		here.Title, here.Detail = lang.L("A folder on this computer"), lang.L("The storage was copied here, or is connected here.")
		title, lead = lang.L("Where is your backup?"), lang.L("The address is on your recovery sheet.")
	}
	if o.more != nil {
		title, lead, before = lang.L("Where should another copy be kept?"), lang.L("Everything that is saved is copied there, and from then on every new version too."), o.more.leave
	}
	o.only = false
	var options []fyne.CanvasObject
	if !o.back && (o.more == nil || !o.more.here) {
		options = append(options, kit.NewOption(here, o.showSameDisk))
	}
	options = append(options,
		kit.NewOption(kit.OptionData{
			Icon: "drive", Tone: kit.Accent, Title: lang.L("An external drive"),
			Detail: lang.L("Plugged in now and then, or all the time."),
		}, o.showDrives),
		kit.NewOption(kit.OptionData{
			Icon: "server", Tone: kit.Accent, Title: lang.L("A device that I already run"),
			Detail: lang.L("A small computer at home, a network drive or a rented server, with its address and key."),
		}, o.showAddress),
		kit.NewOption(kit.OptionData{
			Icon: "qr", Tone: kit.Accent, Title: lang.L("I have a connection code"), Detail: lang.L("A line that begins with ROOST, or a picture of it."),
		}, o.showCode))
	if !o.back {
		options = append(options, kit.NewOption(kit.OptionData{
			Icon: "question", Tone: kit.Good, Title: lang.L("Help me set one up"),
			Detail: lang.L("A small computer at home, a network drive, an old laptop or a rented server."),
		}, o.showKinds))
	}
	if o.back {
		options = append(options, kit.NewOption(here, func() {
			o.pick(func(dir string) { o.useFolder(dir, filepath.Base(dir)) })
		}))
	}
	if o.back && o.how.Joined == nil {
		options = append(options, kit.NewOption(kit.OptionData{
			Icon: "download", Tone: kit.Accent, Title: lang.L("A copy of this backup on a disk"), Detail: copyLead(),
		}, func() { o.pick(o.importCopy) }))
		options = append(options, kit.NewOption(kit.OptionData{
			Icon: "key", Tone: kit.Idle, Title: lang.L("I have only the words"),
			Detail: lang.L("They find it when a computer of yours left a note for them in the last two days."),
		}, func() { o.only = true; o.showAddress() }))
	}
	o.show(part{title: title, lead: lead, body: []fyne.CanvasObject{kit.VBox(12, options...)}, back: before})
}

// showSameDisk warns before the backup goes onto the disk that it is for.
func (o *onboarding) showSameDisk() {
	var use *kit.Button
	use = kit.NewButton(kit.Primary, "", lang.L("Keep it on this computer"), func() {
		o.how, o.local = syncer.SetupOptions{NodeName: lang.L("This computer")}, true
		if o.more != nil {
			o.how.LocalDir = guide.StorageOn(o.home)
		}
		o.prepare(use)
	})
	o.show(part{
		title: lang.L("This computer"),
		body: []fyne.CanvasObject{
			kit.NewNotice(kit.Warn, lang.L("It is the same disk"),
				lang.L("When this disk breaks or the computer is stolen, the backup is gone as well. It does help when you delete or overwrite a file.")).Root,
			kit.NewParagraph(lang.L("You can start like this and add another place later.")).Secondary(),
		},
		back: o.showWhere, next: use,
	})
}

// try tells whether a storage answers; with write also whether it takes what it is given.
func (o *onboarding) try(ctx context.Context, how syncer.SetupOptions, write bool) error {
	if o.more != nil {
		return syncer.TryStorage(ctx, syncer.Options{}, how, write)
	}
	return o.starter.Try(ctx, how, write)
}

// showDrives looks for what is plugged in.
func (o *onboarding) showDrives() {
	list := o.showDriveList()
	var drives []guide.Drive
	o.run(nil, lang.L("Looking for drives"), func(context.Context) error { drives = guide.Drives(); return nil }, func() { o.listDrives(list, drives) })
}

func (o *onboarding) showDriveList() (list *fyne.Container) {
	list = kit.VBox(12)
	o.show(part{
		title: lang.L("An external drive"), lead: lang.L("Connect the drive, and choose it here."),
		body: []fyne.CanvasObject{list}, back: o.showWhere, other: kit.NewButton(kit.Secondary, "refresh", lang.L("Look again"), o.showDrives),
	})
	return list
}

func (o *onboarding) listDrives(list *fyne.Container, drives []guide.Drive) {
	for _, d := range drives {
		list.Add(kit.NewOption(kit.OptionData{
			Icon: "drive", Tone: kit.Accent, Title: kit.Shown(d.Name), Detail: kit.Shown(d.Path), Value: lang.L("{{.Size}} free", values{"Size": size(d.Free)}),
		}, func() { o.useFolder(guide.StorageOn(d.Path), d.Name) }))
	}
	if len(drives) == 0 {
		list.Add(kit.NewParagraph(lang.L("No drive is connected that can be written to.")).Secondary())
	}
	list.Add(kit.NewOption(kit.OptionData{
		Icon: "folder", Tone: kit.Idle, Title: lang.L("Another folder"), Detail: lang.L("Choose a folder on the drive."),
	}, func() {
		o.pick(func(dir string) {
			if o.back {
				o.useFolder(dir, filepath.Base(dir))
			} else {
				o.useFolder(guide.StorageOn(dir), filepath.Base(dir))
			}
		})
	}))
	o.page.Refresh()
}

// useFolder goes on with a storage that Roost runs in a folder. A folder that was chosen for an existing storage may be the
// one around it.
func (o *onboarding) useFolder(dir, name string) {
	o.how, o.local = o.keys(), true
	o.how.LocalDir, o.how.NodeName = dir, kit.Shown(name)
	if !o.back {
		if guide.SameDisk(dir, o.home) {
			o.confirmSameDisk()
			return
		}
		o.prepare(nil)
		return
	}
	how, found := o.how, o.how
	o.run(nil, lang.L("Looking for your backup"), func(ctx context.Context) error {
		err := o.starter.Try(ctx, how, false)
		if err == nil {
			return nil
		}
		inner := how
		if inner.LocalDir = guide.StorageOn(dir); o.starter.Try(ctx, inner, false) == nil {
			found = inner
			return nil
		}
		return err
	}, func() { o.how = found; o.prepare(nil) })
}

// confirmSameDisk is for a folder that looked like one on another drive.
func (o *onboarding) confirmSameDisk() {
	use := kit.NewButton(kit.Secondary, "", lang.L("Use it anyway"), func() { o.prepare(nil) })
	o.say(kit.NewNotice(kit.Warn, lang.L("It is the same disk"), lang.L("This folder lies on the disk that your own files are on. When the disk breaks, both are gone."), use).Root)
}

// showAddress asks for a storage that runs by itself, and tries it.
func (o *onboarding) showAddress() {
	address := kit.NewField(lang.L("Address"), "http://raspberrypi:5001", lang.L("The name or number of the device in your network."))
	key := passwordField(lang.L("Key"), lang.L("What the device asks for. Leave it empty if it asks for nothing."))
	address.SetText(o.how.URL)
	key.SetText(o.how.Token)
	var try func()
	group := newGroupFields(o.how, func() { o.page.Refresh() }, func() { try() })
	read := func() bool {
		url, err := guide.Address(address.Text())
		if err != nil {
			address.SetError(lang.L("This is no address. It looks like this: http://raspberrypi:5001"))
			address.Focus()
			return false
		}
		address.SetError("")
		groupURL, ok := group.read()
		if !ok {
			return false
		}
		if url != o.how.URL || groupURL != o.how.ClusterURL {
			o.how.AllowHTTP = false
		}
		allowed, copies := o.how.AllowHTTP, o.how.ClusterCopies
		o.how = o.keys()
		o.how.URL, o.how.Token, o.how.NodeName, o.how.AllowHTTP = url, strings.TrimSpace(key.Text()), guide.AddressName(url), allowed
		o.how.FindByWords = o.only
		if groupURL != "" {
			o.how.ClusterURL, o.how.ClusterToken, o.how.ClusterCopies = groupURL, strings.TrimSpace(group.password.Text()), copies
		}
		o.local = false
		return true
	}
	var test, next *kit.Button
	test = kit.NewButton(kit.Secondary, "refresh", lang.L("Test it"), func() { try() })
	next = kit.NewButton(kit.Primary, "", lang.L("Continue"), func() {
		if read() {
			o.prepare(next)
		}
	})
	try = func() { o.tryStorage(test, read) }
	address.OnEnter, key.OnEnter = key.Focus, try
	title, before := lang.L("A device that I already run"), o.showWhere
	nearby, look := o.foundNearby(o.showAddress)
	lead := lang.L("Roost talks to it directly. Nobody in between can read your files.")
	if o.only {
		title, lead = lang.L("Whom shall Roost ask?"), lang.L("A device of yours that others reach asks around for the note. Where the storage itself lets nobody in, that device fetches everything from it, which takes a while, and keeps it from then on.")
		look = func() {} // whoever is found is a storage, which is not what is asked for here
		nearby.Hide()
	}
	if o.more != nil && o.more.moved != "" {
		title, before = lang.L("Where is {{.Name}} now?", values{"Name": kit.Shown(o.more.moved)}), o.more.leave
		nearby, look = o.movedOptions(), func() {}
	}
	o.show(part{
		title: title, lead: lead,
		body: []fyne.CanvasObject{kit.Card(kit.VBox(14, address.Root, key.Root, group.root)), nearby}, back: before, other: test, next: next,
	})
	look()
	address.Focus()
}

func (o *onboarding) tryStorage(test *kit.Button, read func() bool) {
	if !read() {
		return
	}
	how, write := o.how, !o.back
	o.retry = func() { o.tryStorage(test, read) }
	o.run(test, lang.L("Asking the device"), func(ctx context.Context) error { return o.try(ctx, how, write) }, func() {
		text := lang.L("It answers, and takes what it is given.")
		if !write {
			text = lang.L("It answers.")
		}
		o.say(kit.NewNotice(kit.Good, lang.L("It works"), text).Root)
	})
}

// prepare looks in silence at what may be in the way, and makes the home. Only what is in the way is shown. Nothing else
// can be begun meanwhile: whoever went back would find a home that is made.
func (o *onboarding) prepare(button *kit.Button) {
	if o.busy {
		return
	}
	o.busy = true
	rest := []*kit.Button{button, o.prev}
	for _, b := range rest {
		if b != nil {
			b.Disable()
		}
	}
	words := lang.L("Preparing your storage")
	if o.back {
		words = lang.L("Looking for your backup")
	}
	o.say(kit.NewParagraph(words).Secondary())
	how := o.how
	o.retry = func() { o.prepare(button) }
	o.inStep(func(ctx context.Context) error { return o.makeHome(ctx, how) }, func(err error) {
		o.busy = false
		for _, b := range rest {
			if b != nil {
				b.Enable()
			}
		}
		o.say()
		o.prepared(err)
	})
}

// makeHome runs away from the UI goroutine. What needs a password is told after all else that is in the way.
func (o *onboarding) makeHome(ctx context.Context, how syncer.SetupOptions) error {
	if o.more != nil {
		return o.try(ctx, how, true)
	}
	var locked error
	for _, err := range o.starter.Check(ctx, how) {
		if !needsPassphrase(err) {
			return err
		}
		locked = err
	}
	if locked != nil {
		return locked
	}
	_, err := o.starter.Begin(ctx, how)
	return err
}

func (o *onboarding) prepared(err error) {
	switch {
	case needsPassphrase(err):
		o.showNewPassphrase()
	case errors.Is(err, syncer.ErrAlreadySetUp): // from another window, or the command line
		stage, err := o.starter.Stage(context.Background())
		if err != nil {
			o.fail(err)
			return
		}
		o.begin(stage)
	case err != nil:
		o.fail(err)
	case o.more != nil:
		o.more.chosen(o.how)
	case o.back:
		o.how.Words, o.how.Token, o.how.ClusterToken, o.how.Joined, o.typed = "", "", "", nil, [wordCount]string{}
		o.lookUp()
	default:
		o.how.Token, o.how.ClusterToken = "", ""
		o.showWhyWords()
	}
}

// needsPassphrase tells whether this computer has no other place for its key.
func needsPassphrase(err error) bool {
	if err == nil {
		return false
	}
	code := syncer.Describe(err).Code
	return code == "no_keyring" || code == "no_passphrase"
}
