package ui

import (
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// showDetails shows what lies behind a file, to be read or copied to somebody who helps. It speaks the words of the
// storage, which are the same in every language.
func (w *Window) showDetails(p place, d *syncer.Details) {
	w.showText(p.name(), detailsText(d))
}

// showText shows what is behind a thing, to be read or copied.
func (w *Window) showText(title, text string) {
	scroll := container.NewVScroll(kit.NewParagraph(text).Small())
	var dialog *kit.Dialog
	copied := kit.NewButton(kit.Secondary, "copy", lang.L("Copy"), func() {
		fyne.CurrentApp().Clipboard().SetContent(text)
		dialog.Close()
	})
	dialog = kit.NewDialog(title, kit.Fixed(0, 280, scroll), copied, kit.NewButton(kit.Primary, "", lang.L("Close"), func() { dialog.Close() }))
	w.dialog(dialog)
}

func detailsText(d *syncer.Details) string {
	var b strings.Builder
	fmt.Fprintf(&b, "version %s\ntime %s\ndevice %s\nfolder %s\npath %s\nchunks %d\n", d.Snapshot, d.Time.UTC().Format(time.RFC3339Nano), kit.Shown(d.Device),
		kit.Shown(d.Folder), kit.Shown(d.Path), d.Chunks)
	for _, p := range d.Packs {
		fmt.Fprintf(&b, "pack %s (%d bytes)\n", p.CID, p.Size)
	}
	if d.More {
		b.WriteString("pack …\n")
	}
	for _, k := range d.Kept {
		state := "not pinned"
		switch {
		case k.Problem != "":
			state = k.Problem
		case k.Root == "":
			state = "nothing of this device"
		case k.Pinned:
			state = "pinned, root " + k.Root
		}
		fmt.Fprintf(&b, "storage %s: %s\n", kit.Shown(k.Storage), state)
	}
	return strings.TrimSpace(b.String())
}
