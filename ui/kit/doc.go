// Package kit holds the theme and the small widgets that every screen of Roost is made of.
//
// Composites are plain containers, a struct has its own in Root, because Fyne tells screen readers of what lies in
// containers and looks into no widget. What takes the focus draws a ring, can
// be used with the keyboard alone and says a sentence through [fyne.Accessible]. Colours are looked up again in
// each Refresh. Setters draw only what changed, so they may be called at any time, with the same value too.
// Texts come translated, and names from outside go through [Shown].
//
// Grounds, distances, texts:
//
//	kit.NewPage(kit.VBox(kit.Gap, kit.Title("Files"), kit.Card(content))).Root
//	kit.NewPage(kit.Narrow(620, content)).Root
//	kit.Columns(kit.Gap, []float32{2, 1}, left, right)
//	kit.Between(kit.Heading("Folders"), kit.NewButton(kit.Secondary, "plus", "Add folder", add))
//	kit.Strong(kit.Shown(name)).Clipped()
//	kit.NewParagraph("It breaks at the width it is given.").Secondary()
//	kit.NewIcon("folder", 20, kit.ColourAccent)
//
// What shows something:
//
//	kit.NewChip("Safe", kit.Good)
//	bar.Set(0.4, kit.Accent)
//	halo.Set("shield-check", kit.Good)
//	donut.Set("131 GB", "of 250 GB", "131 of 250 GB are used", kit.Slice{Part: 0.5, Colour: kit.ColourSeries1})
//	chart.Set(bytesPerDay, "It grew by 14 GB in 30 days")
//	qr, err := kit.NewQR(code, "The connection code as a picture")
//
// What is used:
//
//	kit.NewButton(kit.Primary, "", "Back up now", backUp)
//	nav := kit.NewNav([]kit.NavItem{{Icon: "home", Label: "Home"}}, show); nav.Select(0)
//	kit.NewOption(kit.OptionData{Icon: "drive", Title: "An external drive", Detail: "Plugged in now and then."}, choose)
//	kit.NewRow(kit.RowData{Icon: "folder", Title: "Photos", Detail: "31,022 files", Chip: "Safe", Tone: kit.Good}, open)
//	field := kit.NewField("Address", "http://…", ""); field.SetError("Nothing answers there.")
//	rules := kit.NewTextField("What is left out", "One rule a line.", 6)
//	kit.NewSwitch(kit.SwitchData{Title: "Notifications", Detail: "When you are needed.", On: true}, turn)
//	word := kit.NewWordField("Word 7", words); word.Done = next
//	where := kit.NewChoice(kit.Alternative{Label: "To where it was"}, kit.Alternative{Label: "To another folder"}); where.Chosen()
//	kit.NewTabs("By folder", "By date").OnChanged = show
//	kit.NewTable("Files", columns, count, func(row, column int) kit.Cell { … }).OnOpen = open
//	kit.Browser(kit.NewTree("Folders", children, isFolder, name), table)
//
// What speaks up:
//
//	kit.NewDialog("Stop keeping Photos?", text, cancel, stop).Open(window.Canvas())
//	kit.NewNotice(kit.Warn, "Your storage is full", "Saved files are safe.", freeUp)
//	kit.Empty("folder", "No folder is kept yet", "Choose what must not be lost.", add)
//	dismiss := toasts.Show(kit.Good, "3 files are back", undo)
package kit
