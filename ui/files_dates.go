package ui

import (
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// datesTable is the timeline: every version by when it was made, newest first.
type datesTable struct {
	root     *fyne.Container
	table    *kit.Table
	versions []syncer.Version
	at       time.Time
}

func newDatesTable(_ *Window, open func(syncer.Version)) *datesTable {
	d := &datesTable{}
	d.table = kit.NewTable(lang.L("Versions, newest first"), []kit.Column{{Title: lang.L("When"), Weight: 5}, {Title: lang.L("Folder"), Weight: 3, Muted: true}},
		func() int { return len(d.versions) }, func(row, column int) kit.Cell {
			v := d.versions[row]
			if column == 0 && v.Complete {
				return kit.Cell{Text: moment(v.Time(), d.at)}
			} else if column == 0 {
				return kit.Cell{Icon: "warning", Tone: kit.Warn, Text: facts(moment(v.Time(), d.at), lang.L("not finished"))}
			}
			return kit.Cell{Text: baseName(string(v.Path))}
		})
	d.table.OnSelect = func(row int) { open(d.versions[row]) }
	d.table.OnOpen = d.table.OnSelect
	d.root = d.table.Root
	return d
}

func (d *datesTable) draw(now Now) {
	at := now.At
	if at.IsZero() {
		at = time.Now()
	}
	if daysBetween(d.at, at) != 0 {
		d.at = at
		d.table.Refresh()
	}
}

func (d *datesTable) set(versions []syncer.Version) {
	d.versions = versions
	d.table.Unselect()
	d.table.Refresh()
}
