package ui

import (
	"context"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// lostView says what to do when a device is gone, beside the devices that save to this backup.
func (s *settingsScreen) lostView() settingsView {
	list := kit.VBox(2)
	said := kit.NewParagraph(lang.L("One moment")).Secondary()
	left := kit.VBox(0) // what is left to do
	left.Hide()
	looking := question{w: s.w}
	var look func()
	look = func() {
		var all []syncer.DeviceInfo
		looking.ask(func(ctx context.Context) (err error) {
			all, err = s.w.engine.Devices(ctx)
			return err
		}, func(err error) {
			shown(said, err != nil)
			if err != nil {
				said.SetText(problemText(problemOf(err)))
			}
			list.RemoveAll()
			for _, d := range all {
				var tap func()
				if !d.This && d.State == syncer.DeviceActive {
					tap = func() {
						s.askRemoveDevice(d, func(got *syncer.RemovedDevice) {
							left.Objects = s.keysLeft(got)
							shown(left, len(left.Objects) > 0)
							look()
						})
					}
				}
				list.Add(kit.NewRow(deviceLine(d, s.now), tap))
			}
			s.refresh()
		})
	}
	look()
	steps := func(title, text string, all ...string) *fyne.Container {
		list := make([]fyne.CanvasObject, len(all))
		for i, step := range all {
			list[i] = kit.Lead(12, kit.Fixed(18, 0, kit.Strong(number(int64(i+1))).Aligned(fyne.TextAlignTrailing)), kit.NewParagraph(step))
		}
		return card(title, text, list...)
	}
	words := kit.NewButton(kit.Secondary, "key", lang.L("Recovery words"), func() { s.show(section{kind: sectionWords}) })
	return settingsView{
		title: lang.L("A device is lost"), lead: lang.L("Nothing that was saved is lost with it."), left: looking.drop,
		body: []fyne.CanvasObject{
			card(lang.L("Devices of this backup"), lang.L("Who gets past the log-in of a lost one can reach your backup from it. Choose it here, and shut it out."),
				said, left, outdent(8, list)),
			steps(
				lang.L("If this computer is lost one day"), lang.L("You need your sheet and your storage, and nothing else."),
				lang.L("Install Roost on any computer and open it."),
				lang.L("Choose \"Get my files back, or add this device\"."),
				lang.L("Type the 24 words in their order, and say where your storage is."),
				lang.L("Choose to replace this computer, or to add a second one. Neither deletes anything."),
			),
			card(lang.L("Before that day"), lang.L("Make sure that you can find the sheet, and that it does not lie beside this computer."), kit.HBox(0, words)),
		},
	}
}

// deviceLine is a device in the list.
func deviceLine(d syncer.DeviceInfo, now Now) kit.RowData {
	at := now.At
	if at.IsZero() {
		at = time.Now()
	}
	r := kit.RowData{Icon: "laptop", IconTone: kit.Accent, Title: kit.Shown(d.Name), Detail: lang.L("Nothing is saved yet.")}
	if !d.Newest.IsZero() {
		r.Detail = facts(lang.N("{{.Number}} versions", d.Versions, values{"Number": number(int64(d.Versions))}), lang.L("saved {{.Ago}}", values{"Ago": ago(d.Newest, at)}))
	}
	switch {
	case d.This:
		r.Chip, r.Tone = lang.L("This computer"), kit.Accent
	case d.State == syncer.DeviceRevoked:
		r.Chip, r.IconTone = lang.L("Shut out"), kit.Idle
	case d.State == syncer.DeviceRetired:
		r.Chip, r.IconTone = lang.L("Not used any more"), kit.Idle
	}
	return r
}

// askRemoveDevice asks what became of a device, says what that means, and takes it out of the backup. done is told what is
// left to do.
func (s *settingsScreen) askRemoveDevice(of syncer.DeviceInfo, done func(*syncer.RemovedDevice)) {
	name := kit.Shown(of.Name)
	what := kit.NewChoice(
		kit.Alternative{Label: lang.L("It was lost or stolen"), Detail: lang.L("It is shut out: it can read nothing that is saved from now on, and its key to your storage is changed.")},
		kit.Alternative{Label: lang.L("It is not used any more"), Detail: lang.L("It leaves the backup. If somebody starts Roost on it, it stops and says so.")},
	)
	words := kit.NewTextField(lang.L("Your 24 recovery words"), lang.L("This computer does not keep them, so they are needed here."), 3)
	words.Root.Hide()
	wrong := kit.NewParagraph("")
	wrong.SetColour(kit.ColourBad)
	wrong.Hide()
	var d *kit.Dialog
	var remove *kit.Button
	remove = kit.NewButton(kit.Danger, "", lang.L("Shut it out"), func() {
		o := syncer.RemoveDeviceOptions{Device: of.ID, Lost: what.Chosen() == 0, Words: words.Text()}
		var got *syncer.RemovedDevice
		remove.Disable()
		wrong.SetText(lang.L("This can take a few minutes."))
		wrong.SetColour(kit.ColourMuted)
		shown(wrong, true)
		d.Refresh()
		s.w.do(func(ctx context.Context) (err error) {
			got, err = s.w.engine.RemoveDevice(ctx, o)
			return err
		}, func(err error) {
			remove.Enable()
			if err == nil {
				d.Close()
				s.w.say(kit.Good, lang.L("{{.Name}} is out of the backup. Its versions are kept.", values{"Name": name}))
				done(got)
				return
			}
			p := problemOf(err)
			if !d.IsOpen() {
				s.w.Tell(err)
				return
			}
			shown(words.Root, p.Code == "no_words" || words.Root.Visible())
			wrong.SetText(translated(p.Title) + ". " + problemText(p))
			wrong.SetColour(kit.ColourBad)
			d.Refresh()
		})
	})
	what.OnChanged = func(i int) {
		remove.SetLabel([]string{lang.L("Shut it out"), lang.L("Take it out")}[i])
		d.Refresh()
	}
	text := lang.L("Its {{.Number}} versions stay, and this computer keeps them from now on. The device can come back only with your words.",
		values{"Number": number(int64(of.Versions))})
	d = kit.NewDialog(lang.L("What became of {{.Name}}?", values{"Name": name}), kit.VBox(12, outdent(12, what.Root), kit.NewParagraph(text).Secondary(), words.Root, wrong),
		kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), remove)
	s.w.dialog(d)
}

// keysLeft is what only the owner of a storage can do: change its key, by a line that Roost made.
func (s *settingsScreen) keysLeft(got *syncer.RemovedDevice) (all []fyne.CanvasObject) {
	for _, k := range got.Keys {
		if k.State != syncer.KeyOpen {
			continue
		}
		copied := kit.NewButton(kit.Secondary, "copy", lang.L("Copy the line"), func() { fyne.CurrentApp().Clipboard().SetContent(k.Line) })
		text := lang.L("Roost can't change it there. Run the line on the computer of the storage and start the storage again; Roost notices by itself.")
		if k.Cluster {
			text = lang.L("Roost can't change it there. Run the line on the computer of every storage of the group and start the group's program there again; Roost notices by itself.")
		}
		all = append(all, kit.NewNotice(kit.Warn, lang.L("{{.Storage}} still takes the old key", values{"Storage": kit.Shown(k.Storage)}), text, copied).Root)
	}
	return all
}
