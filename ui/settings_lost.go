package ui

import (
	"context"
	"slices"
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
	looking := question{w: s.w}
	var versions []syncer.Version
	var stale bool
	looking.ask(func(ctx context.Context) (err error) {
		versions, stale, err = s.w.engine.Snapshots(ctx, "")
		return err
	}, func(err error) {
		all := devicesOf(versions)
		switch {
		case err != nil:
			said.SetText(problemText(problemOf(err)))
		case stale:
			said.SetText(lang.L("Your storage does not answer. This is what was known when it did."))
		case len(all) == 0:
			said.SetText(lang.L("Nothing is saved yet."))
		default:
			shown(said, false)
		}
		for _, d := range all {
			list.Add(kit.NewRow(d.line(s.now), nil))
		}
		s.refresh()
	})
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
			card(lang.L("Devices of this backup"), "", said, outdent(8, list)),
			steps(
				lang.L("Another device was lost or stolen"), lang.L("Who gets past its log-in can reach your backup from it. Shut it out soon:"),
				lang.L("Change the key of your storage, so that the device can't reach it any more."),
				lang.L("Enter the new key on the devices that you still have."),
				lang.L("Its files come back on another computer: Restore, then New computer."),
			),
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

// savingDevice is a device that has versions in the backup.
type savingDevice struct {
	name   string
	newest time.Time
}

// devicesOf are those that versions come from, the one that saved last first.
func devicesOf(versions []syncer.Version) (all []savingDevice) {
	at := make(map[string]int) // in all, by the device's id
	for _, v := range versions {
		id := string(v.Device[:])
		i, known := at[id]
		if !known {
			i = len(all)
			at[id] = i
			all = append(all, savingDevice{name: string(v.DeviceName)})
		}
		if v.Time().After(all[i].newest) {
			all[i].newest = v.Time()
		}
	}
	slices.SortStableFunc(all, func(a, b savingDevice) int { return b.newest.Compare(a.newest) })
	return all
}

func (d savingDevice) line(now Now) kit.RowData {
	at := now.At
	if at.IsZero() {
		at = time.Now()
	}
	r := kit.RowData{
		Icon: "laptop", IconTone: kit.Accent, Title: kit.Shown(d.name), Detail: lang.L("saved {{.Ago}}", values{"Ago": ago(d.newest, at)}),
	}
	if d.name == now.Device {
		r.Chip = lang.L("This computer")
	}
	return r
}
