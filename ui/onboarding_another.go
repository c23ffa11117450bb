package ui

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"

	nodekit "roost/packaging/kit"
	"roost/packaging/kit/install"
	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
	"roost/vault/node/code"
)

// another is a kind of machine that can become a storage: what to buy, what it costs, what it does not help against.
type another struct {
	icon, title, detail string
	need, cost, limits  string
	platform            string // of its kit
	user, address       string // as they usually are; placeholders
}

// kindsOfMachine are in the order in which they suit most people. Prices are rounded, power at 0.30 a kilowatt-hour.
func kindsOfMachine() []another {
	home := lang.L("It stands at home: a fire, a flood or a burglar can take it together with your computer.")
	return []another{
		{
			icon: "device", title: lang.L("A small computer at home"), detail: lang.L("A Raspberry Pi with a drive. About 150 € once, 15 € of power a year."),
			need:     lang.L("A Raspberry Pi 4 or 5 with its power supply, a memory card with the 64-bit Raspberry Pi OS, and a drive on USB that holds twice as much as your files. Switch SSH on when you write the card."),
			cost:     lang.L("About 150 € once. It runs all the time with 5 watts: about 15 € a year."),
			limits:   home,
			platform: "pi", user: "pi", address: "raspberrypi.local",
		},
		{
			icon: "drive", title: lang.L("A network drive"), detail: lang.L("One that runs containers, such as many of Synology or QNAP. From 300 €, 40 € of power a year."),
			need:     lang.L("A network drive with two disks, on which containers can be run (Docker, Container Manager, Container Station)."),
			cost:     lang.L("From 300 € with its disks. It runs all the time with 15 watts: about 40 € a year."),
			limits:   home + " " + lang.L("Two disks in it help against a broken disk only."),
			platform: "nas",
		},
		{
			icon: "laptop", title: lang.L("An old laptop"), detail: lang.L("One that is still good, with Debian. It costs nothing but 40 € of power a year."),
			need:     lang.L("A laptop or desktop of the last ten years with Debian, its SSH server, and enough space on its disk. Set it not to sleep when its lid is closed."),
			cost:     lang.L("It runs all the time with 15 watts: about 40 € a year."),
			limits:   home + " " + lang.L("An old disk breaks sooner: let Roost keep a second copy elsewhere."),
			platform: "server", user: "ana", address: "laptop.local",
		},
		{
			icon: "globe", title: lang.L("A rented server"), detail: lang.L("Away from home, so it helps against fire and theft too. From 50 € a year."),
			need:     lang.L("A virtual server with Debian and a disk that holds twice as much as your files, from any provider that you trust to keep it running."),
			cost:     lang.L("From 50 € a year for 100 GB, about 150 € for 1 TB."),
			limits:   lang.L("The provider can lose or lock it, and knows how much you keep and when. It cannot read your files. Pay it on time."),
			platform: "server", user: "root", address: "203.0.113.7",
		},
	}
}

// showKinds helps to choose a machine that is to become a storage.
func (o *onboarding) showKinds() {
	var options []fyne.CanvasObject
	for _, k := range kindsOfMachine() {
		options = append(options, kit.NewOption(kit.OptionData{Icon: k.icon, Tone: kit.Accent, Title: k.title, Detail: k.detail}, func() { o.showKind(k) }))
	}
	o.show(part{
		title: lang.L("Help me set one up"), lead: lang.L("Any of these can become your storage, in about half an hour. Prices are a rough idea."),
		body: []fyne.CanvasObject{kit.VBox(12, options...)}, back: o.showWhere,
	})
}

// showKind tells what one kind takes, and goes on with setting it up.
func (o *onboarding) showKind(k another) {
	about := kit.VBox(12)
	for _, line := range [][2]string{
		{lang.L("What you need"), k.need}, {lang.L("What it costs"), k.cost}, {lang.L("What it does not help against"), k.limits},
	} {
		about.Add(kit.VBox(2, kit.Strong(line[0]), kit.NewParagraph(line[1]).Secondary()))
	}
	var options []fyne.CanvasObject
	if k.platform != "nas" {
		options = append(options, kit.NewOption(kit.OptionData{
			Icon: "download", Tone: kit.Good, Title: lang.L("Install it for me"), Detail: lang.L("Roost logs in there once with a password, and does the rest."),
		}, func() { o.showInstall(k) }))
	}
	options = append(options,
		kit.NewOption(kit.OptionData{
			Icon: "folder", Tone: kit.Accent, Title: lang.L("Write it to a folder or a USB stick"), Detail: lang.L("You carry it there and type three lines."),
		}, func() { o.pick(func(dir string) { o.writeKit(k, dir) }) }),
		kit.NewOption(kit.OptionData{
			Icon: "qr", Tone: kit.Idle, Title: lang.L("It is set up already"), Detail: lang.L("Go on with its connection code."),
		}, o.showCode))
	o.show(part{
		title: k.title, body: []fyne.CanvasObject{kit.Card(about), kit.VBox(12, options...)}, back: o.showKinds,
	})
}

// writeKit writes the kit into a folder of its own in the one that was chosen.
func (o *onboarding) writeKit(k another, dir string) {
	var written *nodekit.Written
	o.run(nil, lang.L("Writing it. This takes a minute on a USB stick."), func(context.Context) (err error) {
		written, err = nodekit.Write(nodekit.Options{Dir: filepath.Join(dir, "roost-kit"), Platform: k.platform})
		return install.InWords(err)
	}, func() { o.showWritten(k, written) })
}

// showWritten tells how it goes on at the other machine.
func (o *onboarding) showWritten(k another, w *nodekit.Written) {
	lines := []string{"cd /media/*/*/roost-kit", "sudo sh install.sh", "sudo roost-node access show owner"}
	lead := lang.L("Plug the stick in at the other machine, or copy the folder there, and type these three lines. The first one goes to the folder.")
	if k.platform == "nas" {
		lines = []string{"echo ROOST_ADDRESS=192.168.1.20 > .env", "docker compose up -d", "docker compose exec storage roost-node access show owner"}
		lead = lang.L("Copy the folder to the network drive, and type these three lines there, in that folder. The number is the address of the drive.")
	}
	typed := kit.VBox(8)
	for _, line := range lines {
		typed.Add(kit.NewParagraph(line))
	}
	o.show(part{
		title: lang.L("The folder is written"), lead: lead,
		body: []fyne.CanvasObject{
			kit.Card(typed),
			kit.NewParagraph(lang.L("It is in {{.Folder}}, with a guide in README.md. No secret is in it.", values{"Folder": kit.Shown(w.Dir)})).Secondary(),
			kit.NewParagraph(lang.L("The last line prints a connection code, as text and as a picture.")).Secondary(),
		},
		back: func() { o.showKind(k) },
		next: kit.NewButton(kit.Primary, "", lang.L("I have the code"), o.showCode),
	})
}

// showInstall asks where to log in, and installs.
func (o *onboarding) showInstall(k another) {
	address := kit.NewField(lang.L("Address"), k.address, lang.L("The name or number of the device in your network."))
	user := kit.NewField(lang.L("User"), k.user, lang.L("Who may install programs there."))
	password := passwordField(lang.L("Password"), lang.L("It is used for this and not kept."))
	data := kit.NewField(lang.L("Folder for the files"), "/mnt/drive/roost", lang.L("On a drive that is mounted there. Empty: the machine's own disk."))
	var boxes []syncer.StorageStatus
	if o.more != nil {
		boxes = o.more.boxes
	}
	join := newJoinQuestion(boxes, k.user)
	var next *kit.Button
	begin := func() {
		target, err := install.ParseTarget(user.Text() + "@" + address.Text())
		switch {
		case user.Text() == "":
			user.SetError(lang.L("Type the name of the user."))
			user.Focus()
		case err != nil:
			address.SetError(lang.L("This is no address. It looks like this: raspberrypi.local"))
			address.Focus()
		default:
			user.SetError("")
			address.SetError("")
			if find, ok := join.read(); ok {
				o.installOn(next, k, install.Options{Target: target, Data: strings.TrimSpace(data.Text())}, password.Text(), find)
			}
		}
	}
	next = kit.NewButton(kit.Primary, "", lang.L("Install"), begin)
	address.OnEnter, user.OnEnter, password.OnEnter, data.OnEnter = user.Focus, password.Focus, begin, begin
	nearby, look := o.foundNearby(func() { o.showInstall(k) })
	o.show(part{
		title: lang.L("Install it for me"), lead: lang.L("Roost logs in, copies its programs, starts them and comes back with the key of the new storage."),
		body: []fyne.CanvasObject{kit.Card(kit.VBox(14, address.Root, user.Root, password.Root, data.Root)), join.root, nearby},
		back: func() { o.showKind(k) }, next: next,
	})
	if join.choice != nil {
		join.choice.OnChanged = func(int) {
			_, joins := join.chosen()
			shown(join.way, joins)
			o.page.Refresh()
		}
	}
	look()
	address.Focus()
}

// installOn installs while the person looks on. Leaving the step stops it; what was done there stays, and the same again
// finishes it. The private network that the new storage joins is found out first, with join; nil: it joins none.
func (o *onboarding) installOn(next *kit.Button, k another, opts install.Options, password string, join joinFunc) {
	step := o.step
	words, bar := kit.NewParagraph(lang.L("Preparing the programs")), kit.NewBar(kit.Accent)
	next.Disable()
	o.say(kit.VBox(8, words, bar))
	o.foot.Show()
	var got code.Code
	opts.Known, opts.Agent = filepath.Join(o.w.desktop.Home(), install.KnownFile), sshAgent()
	opts.Trust = func(ctx context.Context, h install.Host) (bool, error) { return o.askTrust(ctx, step, h, words, bar) }
	if password != "" {
		opts.Password = func(context.Context) (string, error) { return password, nil }
	}
	var told atomic.Int64
	opts.Report = func(p install.Progress) {
		now := time.Now().UnixMilli()
		if p.Stage == install.Copying && p.Done < p.Total && now-told.Load() < 100 {
			return
		}
		told.Store(now)
		o.tell(step, func() {
			words.SetText(progressOfInstall(p))
			bar.Set(partOfInstall(p), kit.Accent)
		})
	}
	o.inStep(func(ctx context.Context) (err error) {
		if join != nil {
			if opts.Join, err = join(ctx, opts); err != nil {
				return err
			}
		}
		got, err = install.Fresh(ctx, nodekit.Options{Platform: k.platform}, opts)
		return err
	}, func(err error) {
		next.Enable()
		if o.say(); err != nil {
			o.fail(err)
			return
		}
		o.useCode(got)
		o.prepare(next)
	})
}

// askTrust shows the key of a machine that is not known, and waits for what the person says.
func (o *onboarding) askTrust(ctx context.Context, step int, h install.Host, words *kit.Paragraph, bar *kit.Bar) (bool, error) {
	answers := make(chan bool, 1)
	o.tell(step, func() {
		o.say(trustQuestion(h, func(yes bool) {
			select {
			case answers <- yes:
			default: // it was tapped twice
			}
			o.say(kit.VBox(8, words, bar))
		}))
	})
	select {
	case yes := <-answers:
		return yes, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func trustQuestion(h install.Host, answer func(bool)) fyne.CanvasObject {
	tone, title := kit.Warn, lang.L("Is it this machine?")
	text := lang.L("Roost was never there. {{.Address}} shows this key; at home it is almost certainly the right one. The provider of a rented server shows it too: {{.Key}}", values{"Address": kit.Shown(h.Address), "Key": h.Fingerprint})
	if h.Before != "" {
		tone, title = kit.Bad, lang.L("It is not the machine of the last time")
		text = lang.L("{{.Address}} shows another key than before. That is right if you set it up anew; else somebody may be in between, and would get your password. Its key is now: {{.Key}}", values{"Address": kit.Shown(h.Address), "Key": h.Fingerprint})
	}
	return kit.NewNotice(tone, title, text,
		kit.NewButton(kit.Quiet, "", lang.L("Stop"), func() { answer(false) }),
		kit.NewButton(kit.Secondary, "", lang.L("Yes, go on"), func() { answer(true) })).Root
}

func progressOfInstall(p install.Progress) string {
	switch p.Stage {
	case install.Connecting:
		return lang.L("Logging in")
	case install.Copying:
		return lang.L("Copying: {{.Done}} of {{.Total}}", values{"Done": size(p.Done), "Total": size(p.Total)})
	}
	switch p.Done {
	case 1:
		return lang.L("Checking what arrived")
	case 2:
		return lang.L("Preparing the encrypted way there")
	case 3:
		return lang.L("Installing the programs")
	case 4:
		return lang.L("Making its key")
	default:
		return lang.L("Starting it")
	}
}

// partOfInstall takes half of the bar for the way there, and half for the script.
func partOfInstall(p install.Progress) float64 {
	part := 0.0
	if p.Total > 0 {
		part = float64(p.Done) / float64(p.Total)
	}
	switch p.Stage {
	case install.Connecting:
		return 0
	case install.Copying:
		return part / 2
	default:
		return 0.5 + part/2
	}
}

// useCode makes the storage of a connection code the chosen one.
func (o *onboarding) useCode(c code.Code) {
	o.how = o.keys()
	o.how.UseCode(c)
	o.local = false
}

// sshAgent is the socket of what holds the person's SSH keys; "" where there is none.
func sshAgent() string { return os.Getenv("SSH_AUTH_SOCK") }
