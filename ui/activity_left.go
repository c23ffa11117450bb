package ui

import (
	"context"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// leftOut is one file that was not saved, or not restored.
type leftOut struct {
	folder string // that it lies in
	of     string // the kind of activity
	syncer.Skipped
}

// leftList lists files with the reason of each, and what helps below the one that is chosen.
type leftList struct {
	root *fyne.Container
	w    *Window
	now  func() Now

	lines  []leftOut
	chosen int // -1: none
	table  *kit.Table
	help   *fyne.Container
	name   *kit.Text
	why    *kit.Paragraph
	todo   *kit.Paragraph

	open, again, leave, details *kit.Button
}

func newLeftList(w *Window, now func() Now) *leftList {
	l := &leftList{w: w, now: now, chosen: -1, name: kit.Strong("").Clipped(), why: kit.NewParagraph(""), todo: kit.NewParagraph("").Secondary()}
	l.table = kit.NewTable(lang.L("What was not saved, and why"), []kit.Column{{Title: lang.L("File"), Weight: 5}, {Title: lang.L("Why"), Weight: 6, Muted: true}},
		func() int { return len(l.lines) }, func(row, column int) kit.Cell {
			x := l.lines[row]
			if column == 1 {
				text, _ := x.words()
				return kit.Cell{Text: text}
			}
			glyph, tone := "info", kit.Idle
			if x.Failed {
				glyph, tone = "warning", kit.Warn
			}
			return kit.Cell{Icon: glyph, Tone: tone, Text: x.name()}
		})
	l.table.OnSelect = l.choose
	l.open = kit.NewButton(kit.Secondary, "folder", lang.L("Open folder"), func() {
		dir := l.lines[l.chosen].dir()
		w.start(l.open, func(context.Context) error { return openNearest(dir) })
	})
	l.leave = kit.NewButton(kit.Secondary, "close", lang.L("Leave it out"), l.askLeaveOut)
	l.again = kit.NewButton(kit.Secondary, "refresh", lang.L("Try again"), func() {
		if l.lines[l.chosen].of == syncer.ActivityRestore {
			w.Show(Restore)
			return
		}
		dir := l.lines[l.chosen].folder
		w.start(l.again, func(ctx context.Context) error {
			_, err := w.engine.Backup(ctx, []string{dir}, nil)
			return err
		})
	})
	l.details = kit.NewButton(kit.Quiet, "", lang.L("Details"), func() {
		x := l.lines[l.chosen]
		w.showText(x.name(), kit.Shown(x.folder)+"\n"+kit.Shown(x.Path)+"\n"+kit.Shown(x.Reason))
	})
	l.help = kit.VBox(10, kit.Line(), kit.VBox(4, l.name, l.why, l.todo), kit.Between(kit.HBox(8, l.open, l.leave, l.again), flush(l.details)))
	l.help.Hide()
	l.root = kit.Stretch(8, 0, l.table.Root, l.help)
	return l
}

// set replaces the files; the one that is chosen stays, if it is still there.
func (l *leftList) set(lines []leftOut) {
	var was leftOut
	if l.chosen >= 0 && l.chosen < len(l.lines) {
		was = l.lines[l.chosen]
	}
	l.lines = lines
	l.chosen = slices.IndexFunc(lines, func(x leftOut) bool { return x.folder == was.folder && x.Path == was.Path && was.Path != "" })
	l.table.Refresh()
	if l.chosen < 0 {
		l.table.Unselect()
	}
	l.drawHelp()
}

func (l *leftList) choose(row int) {
	l.chosen = row
	l.drawHelp()
}

// drawHelp says what helps with the chosen file.
func (l *leftList) drawHelp() {
	shown(l.help, l.chosen >= 0)
	if l.chosen >= 0 {
		x := l.lines[l.chosen]
		why, todo := x.words()
		l.name.SetText(x.name())
		l.why.SetText(why)
		l.todo.SetText(todo)
		shown(l.todo, todo != "")
		backup := x.of == syncer.ActivityBackup
		kept := slices.ContainsFunc(l.now().Folders, func(f syncer.FolderStatus) bool { return f.Path == x.folder })
		shown(l.open, filepath.IsAbs(x.folder))
		shown(l.again, (!backup || kept) && x.Failed)
		shown(l.leave, backup && kept && x.canLeave())
	}
	l.root.Refresh()
}

// askLeaveOut says what it means not to keep a file, and leaves it out.
func (l *leftList) askLeaveOut() {
	x := l.lines[l.chosen]
	var d *kit.Dialog
	leave := kit.NewButton(kit.Primary, "", lang.L("Leave it out"), func() {
		d.Close()
		l.leaveOut(x)
	})
	d = kit.NewDialog(lang.L("Leave out {{.Name}}?", values{"Name": baseName(x.Path)}),
		kit.NewParagraph(lang.L("From now on it is in no version. What was saved of it before stays. You can change your mind: the rule stands in the file .roostignore of {{.Folder}}.",
			values{"Folder": baseName(x.folder)})).Secondary(),
		kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), leave)
	l.w.dialog(d)
}

// leaveOut has a file left out, and takes it from the list: the engine looks again by itself.
func (l *leftList) leaveOut(x leftOut) {
	l.w.do(func(ctx context.Context) error { return l.w.engine.LeaveOut(ctx, x.folder, x.Path) }, func(err error) {
		if err != nil {
			l.w.tell(problemOf(err), func() { l.leaveOut(x) })
			return
		}
		l.set(slices.DeleteFunc(slices.Clone(l.lines), func(y leftOut) bool { return y.folder == x.folder && y.Path == x.Path }))
		l.w.say(kit.Good, lang.L("{{.Name}} is left out from now on", values{"Name": baseName(x.Path)}))
	})
}

// name is what the file is called, with the folder that it lies in.
func (x leftOut) name() string {
	if x.Path == "." || x.Path == "" || x.Path == x.folder {
		return baseName(x.folder)
	}
	return kit.Shown(x.Path)
}

// dir is the folder on this computer that it lies in.
func (x leftOut) dir() string {
	if filepath.IsAbs(x.Path) {
		return filepath.Dir(x.Path)
	}
	return filepath.Join(x.folder, filepath.FromSlash(path.Dir(x.Path)))
}

// canLeave tells whether a rule can name it, and whether that is any use.
func (x leftOut) canLeave() bool {
	if x.Path == "" || x.Path == "." || filepath.IsAbs(x.Path) || strings.ContainsAny(x.Path, "\n\r") {
		return false
	}
	switch why, _ := x.Why(); why {
	case syncer.WhyGone, syncer.WhyRules, syncer.WhyAttributes, syncer.WhyOwn, syncer.WhyNotHeld, syncer.WhyTwice, syncer.WhyNoFile:
		return false
	}
	return true
}

// words say why, and what helps.
func (x leftOut) words() (why, todo string) {
	if x.of == syncer.ActivityRestore {
		return reasonWords(x.Reason), ""
	}
	kind, old := x.Why()
	switch kind {
	case syncer.WhyPermission:
		why = lang.L("This computer does not let Roost read it.")
		todo = lang.L("Open its folder and let yourself read it, in its properties under permissions. Or leave it out.")
	case syncer.WhyGone:
		why = lang.L("It was deleted or moved while Roost was saving.")
		todo = lang.L("Nothing has to be done: the next backup sees what is there.")
	case syncer.WhyChanging:
		why = lang.L("A program writes to it all the time, so the copy may mix two states.")
		todo = lang.L("Close the program that uses it and try again. If it never rests, such as the disk of a virtual computer, leave it out.")
	case syncer.WhyInUse:
		why = lang.L("Another program had this database open, so the copy may mix two states.")
		todo = lang.L("Close the program that uses it, and try again.")
	case syncer.WhyUnreadable:
		why = lang.L("The disk could not read it.")
		todo = lang.L("The disk may be failing, or it was pulled out. Copy what matters somewhere else, and try again.")
	case syncer.WhySpecial:
		why = lang.L("It is no file: programs or devices talk through it, and nothing is in it.")
	case syncer.WhyOwn:
		why = lang.L("It belongs to Roost itself.")
	case syncer.WhyTooDeep:
		why = lang.L("It lies in more folders inside each other than can be kept.")
		todo = lang.L("Move it further up, or leave it out.")
	case syncer.WhyRules:
		why = lang.L("A line of this file makes no sense, so it leaves nothing out.")
		todo = lang.L("Open its folder and mend the line. Details says which one it is.")
	case syncer.WhyAttributes:
		why = lang.L("It is saved, but for some of its properties.")
	case syncer.WhyReplaced:
		why = lang.L("It became something else while Roost was saving.")
		todo = lang.L("Nothing has to be done: the next backup sees what is there.")
	case syncer.WhyNotHeld:
		why = lang.L("The storage lacks a part of it, or has it damaged.")
	case syncer.WhyTwice:
		why = lang.L("Another file or folder there has the same name.")
	case syncer.WhyNoFile:
		why = lang.L("It is no file, folder or link.")
	default:
		why = kit.Shown(x.Reason)
	}
	if old {
		why += " " + lang.L("Its last saved state is kept.")
	}
	return why, todo
}
