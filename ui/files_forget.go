package ui

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// forgetting is what a person wants to be gone: files and folders in every version, or versions.
type forgetting struct {
	title string // asks
	verb  string // on the button
	done  string // what is said after it
	asks  []syncer.ForgetOptions
}

// ownPlace tells whether a place is of this computer, whose versions alone can be changed here.
func (w *Window) ownPlace(p place) bool { return w.now.Device == "" || p.device == w.now.Device }

// askForgetPaths asks to take files and folders, by their paths in a version, out of every version.
func (w *Window) askForgetPaths(p place, paths []string) {
	f := forgetting{verb: lang.L("Forget it")}
	for _, path := range paths {
		f.asks = append(f.asks, syncer.ForgetOptions{Path: filepath.Join(p.folder, filepath.FromSlash(path))})
	}
	if len(paths) == 1 {
		name := values{"Name": baseName(paths[0])}
		f.title, f.done = lang.L("Forget {{.Name}} in every version?", name), lang.L("{{.Name}} is forgotten", name)
	} else {
		n := values{"Number": number(int64(len(paths)))}
		f.title = lang.N("Forget {{.Number}} files and folders in every version?", len(paths), n)
		f.done = lang.N("{{.Number}} files and folders are forgotten", len(paths), n)
	}
	w.askForget(f)
}

// askForgetVersion asks to remove one version of a folder.
func (w *Window) askForgetVersion(p place) {
	at := values{"Name": baseName(p.folder), "Moment": moment(p.at, time.Now())}
	w.askForget(forgetting{
		title: lang.L("Remove this version of {{.Name}}: {{.Moment}}?", at), verb: lang.L("Remove it"), done: lang.L("A version of {{.Name}} is removed", at),
		asks: []syncer.ForgetOptions{{Versions: []string{p.version}}},
	})
}

// askForget counts what would go, says what remains, and does it when a person says so.
func (w *Window) askForget(f forgetting) {
	asking := question{w: w}
	sum := kit.NewParagraph(lang.L("Counting what would go")).Secondary()
	again := kit.NewNotice(kit.Warn, "", "")
	again.Root.Hide()
	title, text := lang.L("For good, at once"), lang.L("It can't be brought back. Without this it can, for 30 days.")
	var now *kit.Switch
	now = kit.NewSwitch(turned(title, text, false), func(on bool) { now.Set(turned(title, text, on)) })
	words := kit.NewTextField(lang.L("Your 24 recovery words"), lang.L("So many versions go only with them."), 3)
	words.Root.Hide()
	wrong := kit.NewParagraph("")
	wrong.Hide()
	body := kit.VBox(12, sum, again.Root, outdent(8, now), words.Root, wrong)
	var d *kit.Dialog
	say := func(text string, bad bool) {
		wrong.SetText(text)
		wrong.SetColour(kit.ColourMuted)
		if bad {
			wrong.SetColour(kit.ColourBad)
		}
		shown(wrong, text != "")
		d.Refresh()
	}
	var do *kit.Button
	do = kit.NewButton(kit.Danger, "", f.verb, func() {
		forGood := now.Data().On
		do.Disable()
		say(lang.L("This can take a few minutes."), false)
		var got []*syncer.Forgotten
		w.do(func(ctx context.Context) (err error) {
			got, err = w.forget(ctx, f.asks, forGood, false, words.Text())
			return err
		}, func(err error) {
			do.Enable()
			if len(got) > 0 {
				w.versionsChanged()
			}
			if err == nil {
				d.Close()
				w.toldForgotten(f, got, forGood)
				return
			}
			if !d.IsOpen() {
				w.Tell(err)
				return
			}
			p := problemOf(err)
			shown(words.Root, p.Code == "words_needed" || words.Root.Visible())
			say(translated(p.Title)+". "+problemText(p), true)
		})
	})
	do.Disable()
	d = kit.NewDialog(f.title, body, kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), do)
	d.OnClosed = asking.drop
	w.dialog(d)
	var found []*syncer.Forgotten
	asking.ask(func(ctx context.Context) (err error) {
		found, err = w.forget(ctx, f.asks, false, true, "")
		return err
	}, func(err error) {
		if err != nil {
			p := problemOf(err)
			sum.SetText(translated(p.Title) + ". " + problemText(p))
			now.Hide()
			d.Refresh()
			return
		}
		said, onDisk := forgetWords(found)
		sum.SetText(said)
		shown(again.Root, onDisk)
		if onDisk {
			out := kit.NewButton(kit.Secondary, "", lang.L("Leave it out from now on"), nil)
			out.SetTap(func() {
				out.Disable()
				w.do(func(ctx context.Context) error { return w.leaveOut(ctx, found) }, func(err error) {
					out.Enable()
					if err != nil {
						p := problemOf(err)
						say(translated(p.Title)+". "+problemText(p), true)
						return
					}
					again.Set(kit.Good, lang.L("It is left out from now on"), lang.L("The folder's page in the settings shows what is left out of it."))
					d.Refresh()
				})
			})
			again.Set(kit.Warn, lang.L("It is still on this computer"), lang.L("The next backup saves it again, unless you delete it there or leave it out."), out)
		}
		do.Enable()
		d.Refresh()
	})
}

// leaveOut has what is still on the disk left out of the backups to come.
func (w *Window) leaveOut(ctx context.Context, found []*syncer.Forgotten) error {
	for _, f := range found {
		if !f.OnDisk {
			continue
		}
		if err := w.engine.LeaveOut(ctx, f.Folder, f.Path); err != nil {
			return err
		}
	}
	return nil
}

// forget does one after the other; where one fails, the ones before it are done.
func (w *Window) forget(ctx context.Context, asks []syncer.ForgetOptions, forGood, preview bool, words string) (got []*syncer.Forgotten, err error) {
	for _, o := range asks {
		o.Now, o.Preview, o.Words = forGood, preview, words
		f, err := w.engine.Forget(ctx, o, nil)
		if err != nil {
			return got, err
		}
		got = append(got, f)
	}
	return got, nil
}

// forgetWords counts what would go and says what remains.
func forgetWords(found []*syncer.Forgotten) (said string, onDisk bool) {
	versions := map[string]bool{}
	var n, bytes, left int64
	path := false
	for _, f := range found {
		for _, v := range f.Versions {
			versions[v.ID.String()] = true
		}
		n, bytes, left = n+f.Files, bytes+f.Bytes, f.Left
		onDisk, path = onDisk || f.OnDisk, path || f.Path != ""
	}
	amount := values{"Number": number(int64(len(versions))), "Files": files(n), "Size": size(bytes)}
	parts := []string{lang.L("It holds {{.Files}}, {{.Size}}.", amount)}
	if path {
		parts = []string{lang.N("It is in {{.Number}} versions, with {{.Files}}, {{.Size}} in the newest of them.", len(versions), amount)}
	}
	return strings.Join(append(parts, leftWords(left)), " "), onDisk
}

// toldForgotten says what was done, with a way to undo it where there is one.
func (w *Window) toldForgotten(f forgetting, got []*syncer.Forgotten, forGood bool) {
	if forGood {
		freed, inUse := int64(0), 0
		for _, x := range got {
			if x.Freed != nil {
				freed += x.Freed.Freed
				inUse += x.Freed.InUse
			}
		}
		said := facts(f.done, lang.L("{{.Size}} came free", values{"Size": size(freed)}))
		if inUse > 0 { // something of it is being restored, and is still there
			w.say(kit.Warn, facts(said, inUseWords(inUse)))
			return
		}
		w.say(kit.Good, said)
		return
	}
	var names []string
	for i, x := range got {
		if f.asks[i].Path != "" {
			names = append(names, f.asks[i].Path)
			continue
		}
		for _, v := range x.Versions {
			names = append(names, v.ID.String())
		}
	}
	w.toldDone(f.done, func(ctx context.Context) error {
		_, err := w.engine.BringBack(ctx, names)
		return err
	}, w.versionsChanged)
}

// versionsChanged reads the list of versions again where it is shown.
func (w *Window) versionsChanged() {
	if f, ok := w.screens[Files].(*filesScreen); ok && f.loaded {
		f.load()
	}
}
