package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// Tree shows folders inside folders. It asks for what lies in one only when that is opened. Up and Down move,
// Right and Left open and close, Space and Enter select.
type Tree struct {
	widget.Tree
	spoken  string
	keyed   string // the node that the keyboard is at
	focused bool
	keying  bool // what is highlighted now, the keyboard highlights
}

// NewTree makes a tree. An id is a node's name of its own; "" holds the top. children and name are asked on
// the UI goroutine and have to answer at once: a folder that is not read yet has one child that says so.
func NewTree(spoken string, children func(id string) []string, isFolder func(id string) bool, name func(id string) Cell) *Tree {
	t := &Tree{spoken: spoken}
	t.ChildUIDs, t.IsBranch = children, isFolder
	t.CreateNode = func(bool) fyne.CanvasObject {
		v := &cellView{text: Body("").Clipped(), icon: NewIcon("folder", tableIcon, ColourMuted)}
		v.ExtendBaseWidget(v)
		return container.NewStack(&canvas.Rectangle{}, Fixed(0, 30, v))
	}
	t.UpdateNode = func(id string, _ bool, o fyne.CanvasObject) {
		parts := o.(*fyne.Container).Objects
		paintRing(parts[0], t.focused && t.keyed == id)
		parts[1].(*fyne.Container).Objects[0].(*cellView).set(name(id))
	}
	t.OnHighlighted = t.highlighted
	t.HideSeparators = true
	t.ExtendBaseWidget(t)
	return t
}

// highlighted is told the node that the keyboard or the mouse went to.
func (t *Tree) highlighted(id string) {
	if !t.keying {
		return
	}
	before := t.keyed
	t.keyed = id
	t.RefreshItem(before)
	t.RefreshItem(id)
}

// FocusGained implements [fyne.Focusable].
func (t *Tree) FocusGained() {
	t.focused, t.keying = true, true
	t.Tree.FocusGained()
	t.keying = false
}

// FocusLost implements [fyne.Focusable].
func (t *Tree) FocusLost() {
	t.focused = false
	t.Tree.FocusLost()
}

// TypedKey implements [fyne.Focusable].
func (t *Tree) TypedKey(key *fyne.KeyEvent) {
	t.keying = true
	defer func() { t.keying = false }()
	switch key.Name {
	case fyne.KeyEscape:
		closeDialogOver(t)
	case fyne.KeyReturn, fyne.KeyEnter:
		t.Tree.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	default:
		t.Tree.TypedKey(key)
	}
}

// AccessibilityLabel implements [fyne.Accessible].
func (t *Tree) AccessibilityLabel() string { return t.spoken }

// AccessibilityRole implements [fyne.Accessible].
func (t *Tree) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// Browser sets a tree at the left of a table.
func Browser(tree *Tree, table *Table) *fyne.Container {
	return Columns(0, []float32{3, 7}, tree, Lead(12, Line(), table.Root))
}
