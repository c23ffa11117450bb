package ui

import (
	"cmp"
	"path/filepath"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// storageCard shows how full the first storage is, and with what.
type storageCard struct {
	root    *fyne.Container
	ring    *fyne.Container
	donut   *kit.Donut
	legends []*legend
	unknown *kit.Paragraph
}

// series are the colours of the folders in the ring; the last one is for all that have none of their own.
var series = []fyne.ThemeColorName{kit.ColourSeries1, kit.ColourSeries2, kit.ColourSeries3, kit.ColourSeries4}

func newStorageCard() *storageCard {
	s := &storageCard{donut: kit.NewDonut(), unknown: kit.NewParagraph(lang.L("What is saved on your storage will show here.")).Secondary()}
	s.ring = container.NewCenter(s.donut)
	box := kit.VBox(14, kit.Heading(lang.L("Storage")).Clipped(), s.unknown, s.ring)
	legends := kit.VBox(7)
	for _, colour := range series {
		l := newLegend(colour)
		s.legends = append(s.legends, l)
		legends.Add(l.root)
	}
	box.Add(legends)
	s.root = kit.Card(box)
	return s
}

func (s *storageCard) draw(now Now) {
	known := len(now.Storages) > 0 && now.Space.Used > 0
	shown(s.unknown, !known)
	shown(s.ring, known)
	if !known {
		for _, l := range s.legends {
			shown(l.root, false)
		}
		return
	}
	storage, used := now.Storages[0], now.Space.Used
	if storage.Limit > 0 { // which is for everybody who keeps something there
		used = max(used, now.Space.RepoSize)
	}
	shares := largest(now.Folders, used)
	whole := max(storage.Limit, used)
	var parts []kit.Slice
	for i, l := range s.legends {
		shown(l.root, i < len(shares))
		if i < len(shares) {
			l.name.SetText(shares[i].name)
			l.size.SetText(size(shares[i].bytes))
			parts = append(parts, kit.Slice{Part: float64(shares[i].bytes) / float64(max(whole, 1)), Colour: series[i]})
		}
	}
	below, spoken := lang.X("storage.used", "saved"), lang.L("{{.Used}} are saved on {{.Storage}}", values{"Used": size(used), "Storage": kit.Shown(storage.Name)})
	if storage.Limit > 0 {
		below = lang.L("of {{.Size}}", values{"Size": size(storage.Limit)})
		spoken = lang.L("{{.Used}} of {{.Quota}} are used on {{.Storage}}", values{
			"Used": size(used), "Quota": size(storage.Limit), "Storage": kit.Shown(storage.Name),
		})
	}
	s.donut.Set(size(used), below, spoken, parts...)
}

type share struct {
	name  string
	bytes int64
}

// largest names the largest folders, and puts the others together with what used counts beyond all of them, such
// as earlier versions and what somebody else keeps there. Folders share content, so their sum may be more than used: then they are scaled to it.
func largest(folders []syncer.FolderStatus, used int64) (all []share) {
	folders = slices.Clone(folders)
	slices.SortStableFunc(folders, func(a, b syncer.FolderStatus) int { return cmp.Compare(b.Bytes, a.Bytes) })
	var sum int64
	for _, f := range folders {
		sum += f.Bytes
	}
	scale := func(bytes int64) int64 {
		if sum <= used {
			return bytes
		}
		return int64(float64(bytes) / float64(sum) * float64(used))
	}
	rest := used
	for i, f := range folders {
		if i == len(series)-1 {
			break
		}
		bytes := scale(f.Bytes)
		rest -= bytes
		all = append(all, share{kit.Shown(filepath.Base(f.Path)), bytes})
	}
	if rest > used/1000 && rest > 0 {
		all = append(all, share{lang.L("Everything else"), rest})
	}
	return all
}

// legend is one line below the ring.
type legend struct {
	root       *fyne.Container
	name, size *kit.Text
}

func newLegend(colour fyne.ThemeColorName) *legend {
	l := &legend{name: kit.Muted("").Clipped(), size: kit.Strong("")}
	dot := kit.Middle(kit.Fixed(9, 9, kit.NewBox(colour, "", 4.5)))
	l.root = kit.Lead(10, dot, kit.Between(l.name, l.size))
	return l
}
