package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Tree shows folders inside folders. It asks for what lies in one only when that is opened. Up and Down move,
// Right and Left open and close, Space selects.
type Tree struct {
	widget.Tree
	spoken string
}

// NewTree makes a tree. An id is a node's name of its own; "" holds the top. children and name are asked on
// the UI goroutine and have to answer at once: a folder that is not read yet has one child that says so.
func NewTree(spoken string, children func(id string) []string, isFolder func(id string) bool, name func(id string) Cell) *Tree {
	t := &Tree{spoken: spoken}
	t.ChildUIDs, t.IsBranch = children, isFolder
	t.CreateNode = func(bool) fyne.CanvasObject {
		v := &cellView{text: Body("").Clipped(), icon: NewIcon("folder", tableIcon, ColourMuted)}
		v.ExtendBaseWidget(v)
		return Fixed(0, 30, v)
	}
	t.UpdateNode = func(id string, _ bool, o fyne.CanvasObject) {
		o.(*fyne.Container).Objects[0].(*cellView).set(name(id))
	}
	t.HideSeparators = true
	t.ExtendBaseWidget(t)
	return t
}

// TypedKey implements [fyne.Focusable].
func (t *Tree) TypedKey(key *fyne.KeyEvent) {
	if key.Name == fyne.KeyEscape {
		closeDialogOver(t)
		return
	}
	t.Tree.TypedKey(key)
}

// AccessibilityLabel implements [fyne.Accessible].
func (t *Tree) AccessibilityLabel() string { return t.spoken }

// AccessibilityRole implements [fyne.Accessible].
func (t *Tree) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// Browser sets a tree at the left of a table.
func Browser(tree *Tree, table *Table) *fyne.Container {
	return Columns(0, []float32{3, 7}, tree, Lead(12, Line(), table.Root))
}
