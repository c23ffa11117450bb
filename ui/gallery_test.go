//go:build screenshots

package ui

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/ui/kit"
)

// gallery shows the kit's widgets beside each other, for who looks for one.
func gallery() fyne.CanvasObject {
	nothing := func() {}
	resting := kit.NewButton(kit.Primary, "", "Resting", nothing)
	resting.Disable()
	buttons := kit.HBox(8, kit.NewButton(kit.Secondary, "plus", "Add folder", nothing), kit.NewButton(kit.Primary, "", "Back up now", nothing),
		kit.NewButton(kit.Danger, "trash", "Delete 3 versions", nothing), resting, kit.NewButton(kit.Quiet, "", "See all", nothing))
	chips := kit.HBox(8, kit.NewChip("Safe", kit.Good), kit.NewChip("Saving", kit.Accent), kit.NewChip("Waiting", kit.Warn),
		kit.NewChip("Needs you", kit.Bad), kit.NewChip("Paused", kit.Idle))

	address := kit.NewField("Address", "http://raspberrypi.local:5001", "It is on the sheet that came with the device.")
	address.SetText("http://raspberrypi:5001")
	address.SetError("Nothing answers at this address.")
	word := kit.NewWordField("Word 7", []string{"canal", "cancel", "candy", "cannon", "canoe", "canvas"})
	word.SetText("can")
	key := kit.NewPasswordField("Key", "", "Show what is typed")
	key.SetText("correct horse")
	fields := kit.Columns(kit.Gap, []float32{1, 1, 1}, address.Root, word.Root, key.Root)

	table := kit.NewTable("Files", []kit.Column{
		{Title: "Name", Weight: 4}, {Title: "Changed", Weight: 2, Muted: true}, {Title: "Size", Weight: 1, Align: fyne.TextAlignTrailing, Muted: true},
	}, func() int { return 100_000 }, func(row, column int) kit.Cell {
		return []kit.Cell{{Icon: "image", Tone: kit.Accent, Text: fmt.Sprintf("photo-%05d.jpg", row)}, {Text: "Tuesday 14:02"}, {Text: "4.2 MB"}}[column]
	})
	tree := kit.NewTree("Folders", func(id string) []string {
		if id == "" {
			return []string{"Pictures", "Documents", "src"}
		}
		return []string{id + "/2025", id + "/2026"}
	}, func(string) bool { return true }, func(id string) kit.Cell { return kit.Cell{Icon: "folder", Tone: kit.Accent, Text: id} })
	tree.OpenBranch("Pictures")

	qr, err := kit.NewQR("roost-connection:1:aHR0cHM6Ly9yYXNwYmVycnlwaTo1MDAx", "The connection code")
	if err != nil {
		panic(err) // the text is short
	}
	left := kit.VBox(kit.Gap, kit.Card(kit.VBox(kit.Gap, buttons, chips, fields)),
		kit.NewNotice(kit.Warn, "Your storage can't be reached", "It may be switched off. New changes are waiting; saved files are safe.",
			kit.NewButton(kit.Quiet, "", "Details", nothing), kit.NewButton(kit.Secondary, "refresh", "Check connection", nothing)).Root,
		kit.NewNotice(kit.Good, "1,204 files are back", "").Root,
		kit.Card(kit.Fixed(0, 240, kit.Browser(tree, table))))
	right := kit.VBox(kit.Gap, kit.Card(container.NewCenter(qr)),
		kit.Card(kit.Empty("search", "Nothing is called that", "Try a part of the name.", kit.NewButton(kit.Secondary, "", "Search every version", nothing))))
	return kit.NewPage(kit.VBox(18, kit.Title("The kit"), kit.Columns(kit.Gap, []float32{2.6, 1}, left, right))).Root
}

// stopDialog is a dialog as one is.
func stopDialog() *kit.Dialog {
	return kit.NewDialog("Stop keeping Pictures?",
		kit.NewParagraph("31,022 files are not saved any more when they change. The 48 versions that are on your storage stay there until you delete them.").Secondary(),
		kit.NewButton(kit.Secondary, "", "Cancel", func() {}), kit.NewButton(kit.Danger, "", "Stop keeping it", func() {}))
}
