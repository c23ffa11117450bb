package ui

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// foldersCard shows every kept folder with its state. The first few are rows that keep their place; when there
// are many, the rest is a list that makes only what is seen.
type foldersCard struct {
	root    *fyne.Container
	w       *Window
	add     *kit.Button
	rows    *fyne.Container
	pool    []*kit.Row
	lines   []*kit.Box
	more    *kit.Button
	foot    *fyne.Container // around it
	all     *fyne.Container
	list    *widget.List
	empty   *fyne.Container
	invite  *fyne.Container // below the only folder, where room would be left over
	showAll bool
	folders []syncer.FolderStatus // as drawn, in their order
	paths   []string              // of the rows in the pool
	now     Now
	home    string // the person's home folder, shown as ~
}

// fewFolders is how many folders are shown before somebody asks for all, allHeight how tall the list of all is.
const (
	fewFolders = 6
	allHeight  = 420
	folderRow  = 76
)

func newFoldersCard(w *Window) *foldersCard {
	f := &foldersCard{w: w, rows: kit.VBox(6)}
	f.home, _ = os.UserHomeDir() // without one, paths are shown whole
	f.add = kit.NewButton(kit.Secondary, "plus", lang.L("Add folder"), f.choose)
	f.more = kit.NewButton(kit.Quiet, "", "", func() { f.showAll = !f.showAll; f.draw(f.now); f.root.Refresh() })
	f.list = widget.NewList(func() int { return len(f.folders) },
		func() fyne.CanvasObject { return kit.Fixed(0, folderRow, kit.NewRow(kit.RowData{}, func() {})) }, f.update)
	f.list.HideSeparators = true
	f.all = kit.Fixed(0, allHeight, f.list)
	f.empty = kit.Empty("folder-plus", lang.L("No folder is kept yet"),
		lang.L("Choose the folders that must not be lost. Roost keeps every change of them, encrypted, on storage that is yours."),
		kit.NewButton(kit.Primary, "plus", lang.L("Choose a folder"), f.choose))
	f.invite = container.NewVBox(layout.NewSpacer(), kit.Empty("folder-plus", lang.L("Is there more that must not be lost?"),
		lang.L("Pictures, letters, what you work on: each folder that you add is kept in the same way."),
		kit.NewButton(kit.Secondary, "plus", lang.L("Add folder"), f.choose)), layout.NewSpacer())
	head := kit.Between(kit.Heading(lang.L("Folders")).Clipped(), f.add)
	f.foot = kit.PadEach(0, 0, 2, 8, kit.HBox(0, f.more))
	// The rows reach beyond the inset: their focus rings do, their texts do not.
	f.root = kit.Card(kit.Stretch(8, 2, head, kit.PadEach(0, 0, -8, -8, kit.VBox(4, f.empty, f.rows, f.all, f.foot)), f.invite))
	return f
}

func (f *foldersCard) draw(now Now) {
	f.now = now
	f.folders = slices.Clone(now.Folders)
	many := len(f.folders) > fewFolders
	if many { // a few stay where they are: rows that change places are hard to follow
		slices.SortStableFunc(f.folders, func(a, b syncer.FolderStatus) int { return folderUrgency(a) - folderUrgency(b) })
	}
	listed := many && f.showAll
	shown(f.empty, len(f.folders) == 0 && !now.At.IsZero())
	shown(f.invite, len(f.folders) == 1)
	shown(f.add, len(f.folders) > 1)
	shown(f.all, listed)
	shown(f.rows, len(f.folders) > 0 && !listed)
	shown(f.foot, many)
	if many && f.showAll {
		f.more.SetLabel(lang.L("Show fewer"))
	} else if many {
		f.more.SetLabel(lang.N("Show all {{.Number}} folders", len(f.folders), values{"Number": number(int64(len(f.folders)))}))
	}
	if listed {
		f.list.Refresh()
		return
	}
	f.fill(f.folders[:min(len(f.folders), fewFolders)])
}

// fill draws rows that are there already, so that the one with the focus keeps it.
func (f *foldersCard) fill(folders []syncer.FolderStatus) {
	for i, folder := range folders {
		if i == len(f.pool) {
			if i > 0 {
				f.lines = append(f.lines, kit.Line())
				f.rows.Add(kit.PadXY(8, 0, f.lines[i-1]))
			}
			f.paths = append(f.paths, "")
			f.pool = append(f.pool, kit.NewRow(kit.RowData{}, func() { f.open(f.paths[i]) }))
			f.rows.Add(f.pool[i])
		}
		f.paths[i] = folder.Path
		f.pool[i].Set(f.data(folder))
	}
	for i, row := range f.pool {
		shown(row, i < len(folders))
		if i > 0 {
			shown(f.rows.Objects[2*i-1], i < len(folders))
		}
	}
}

func (f *foldersCard) update(i int, o fyne.CanvasObject) {
	row := o.(*fyne.Container).Objects[0].(*kit.Row)
	path := f.folders[i].Path
	row.SetTap(func() { f.open(path) })
	row.Set(f.data(f.folders[i]))
}

// folderUrgency sorts what needs a person and what is under way to the front.
func folderUrgency(f syncer.FolderStatus) int {
	first := []string{syncer.StateNeedsYou, syncer.StateSaving, syncer.StateUnprotected, syncer.StateWaiting}
	if i := slices.Index(first, f.State); i >= 0 {
		return i
	}
	return len(first)
}

// data says how one folder is.
func (f *foldersCard) data(folder syncer.FolderStatus) kit.RowData {
	d := kit.RowData{
		Icon: folderGlyph(folder.Path), IconTone: kit.Accent,
		Title: kit.Shown(filepath.Base(folder.Path)), Note: kit.Shown(tilde(folder.Path, f.home)),
	}
	if folder.Bytes > 0 {
		d.Value = size(folder.Bytes)
	}
	d.Detail = lang.L("Nothing is saved yet.")
	if !folder.Time.IsZero() {
		d.Detail = facts(files(folder.Files), lang.L("saved {{.Ago}}", values{"Ago": ago(folder.Time, f.now.At)}))
	}
	if folder.Skipped > 0 {
		d.Detail = facts(d.Detail, lang.N("{{.Number}} not saved", int(folder.Skipped), values{"Number": number(folder.Skipped)}))
	}
	d.Chip, d.Tone = folderChip(folder.State)
	if folder.State == syncer.StateSaving && folder.Progress != nil {
		d = underWay(d, *folder.Progress, f.now)
	}
	return d
}

// underWay adds how far the saving of a folder is.
func underWay(d kit.RowData, p syncer.Progress, now Now) kit.RowData {
	if p.TotalBytes <= 0 {
		d.Detail, d.Value = lang.L("Looking for changes"), files(p.Files)
		return d
	}
	d.Busy, d.Part = true, float64(p.Bytes)/float64(p.TotalBytes)
	d.Value = lang.L("{{.Done}} of {{.All}}", values{"Done": size(p.Bytes), "All": size(p.TotalBytes)})
	d.Detail = facts(kit.Shown(p.Current), remaining(p, now.At))
	return d
}

func folderChip(state string) (string, kit.Tone) {
	switch state {
	case syncer.StateSafe:
		return lang.L("Safe"), kit.Good
	case syncer.StateSaving:
		return lang.L("Saving"), kit.Accent
	case syncer.StateWaiting:
		return lang.L("Waiting"), kit.Warn
	case syncer.StatePaused:
		return lang.L("Paused"), kit.Idle
	case syncer.StateNeedsYou:
		return lang.L("Needs you"), kit.Bad
	default:
		return lang.L("Not saved yet"), kit.Idle
	}
}

// tilde shortens what lies in the person's home folder.
func tilde(path, home string) string {
	if rest, ok := strings.CutPrefix(path, home); ok && home != "" && (rest == "" || os.IsPathSeparator(rest[0])) {
		return "~" + rest
	}
	return path
}

// folderGlyph knows the folders that systems make, in the languages of the window.
func folderGlyph(path string) string {
	switch strings.ToLower(filepath.Base(path)) {
	case "pictures", "photos", "bilder", "fotos", "imágenes":
		return "image"
	case "documents", "dokumente", "documentos":
		return "document"
	case "music", "musik", "música":
		return "music"
	case "videos", "movies", "filme", "vídeos", "películas":
		return "film"
	case "desktop", "schreibtisch", "escritorio":
		return "computer"
	case "src", "code", "projects", "projekte", "proyectos":
		return "code"
	case "downloads", "descargas":
		return "download"
	default:
		return "folder"
	}
}

// open shows a folder in the system's file manager.
func (f *foldersCard) open(path string) { f.w.openPath(path) }

// choose lets a person pick a folder.
func (f *foldersCard) choose() {
	f.w.chooseFolder(func(dir string) { f.w.addFolders([]string{dir}) })
}
