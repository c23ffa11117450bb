package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// Column is one column of a Table.
type Column struct {
	Title  string
	Weight float32        // its share of the width
	Align  fyne.TextAlign // numbers stand at the end
	Muted  bool
}

// Cell is what a table shows in one place.
type Cell struct {
	Icon string // glyph in front; "" for none
	Tone Tone   // of the icon
	Text string
}

// Table lists up to a million things in weighted columns below a header; it makes as many rows as are seen.
// Up and Down move through it, Space selects, Enter opens.
type Table struct {
	Root     *fyne.Container
	OnSelect func(row int) // nil is allowed
	OnOpen   func(row int) // Enter, or a second tap on what is selected; nil is allowed

	list    *list
	columns []Column
}

// Measures of a row: its height, the side of its icon, the room at its sides.
const (
	tableRow   = 36
	tableIcon  = 18
	tableInset = 10
)

// NewTable makes a table. length and cell are asked on the UI goroutine and have to answer at once; spoken is
// what a screen reader says of the list.
func NewTable(spoken string, columns []Column, length func() int, cell func(row, column int) Cell) *Table {
	t := &Table{columns: columns, list: &list{spoken: spoken, at: -1}}
	t.list.Length = length
	t.list.CreateItem = t.newRow
	t.list.UpdateItem = func(row int, o fyne.CanvasObject) {
		parts := o.(*fyne.Container).Objects
		paintRing(parts[0], t.list.focused && t.list.keyed == row)
		cells := parts[1].(*fyne.Container).Objects[0].(*fyne.Container).Objects
		for i, c := range cells {
			c.(*fyne.Container).Objects[0].(*cellView).set(cell(row, i))
		}
	}
	t.list.HideSeparators = true
	t.list.OnHighlighted = t.list.highlighted
	t.list.open = func(row int) {
		if t.OnOpen != nil && row >= 0 && row < length() {
			t.OnOpen(row)
		}
	}
	t.list.OnSelected = func(row int) {
		t.list.at = row
		t.list.mark(row)
		if t.OnSelect != nil {
			t.OnSelect(row)
		}
	}
	t.list.ExtendBaseWidget(t.list)
	t.Root = container.NewBorder(VBox(0, PadEach(0, 6, tableInset, tableInset, t.header()), Line()), nil, nil, nil, t.list)
	return t
}

// Refresh draws the rows again, after what they show has changed.
func (t *Table) Refresh() { t.list.Refresh() }

// ScrollTo shows a row.
func (t *Table) ScrollTo(row int) { t.list.ScrollTo(row) }

// Select selects a row.
func (t *Table) Select(row int) { t.list.Select(row) }

// Unselect lets the same row be selected again.
func (t *Table) Unselect() { t.list.UnselectAll() }

// Focus gives the table the keyboard.
func (t *Table) Focus() { focus(t.list) }

func (t *Table) header() *fyne.Container {
	titles := make([]fyne.CanvasObject, len(t.columns))
	for i, c := range t.columns {
		titles[i] = Small(c.Title).Clipped().Aligned(c.Align)
	}
	return Columns(Gap, t.weights(), titles...)
}

func (t *Table) weights() []float32 {
	weights := make([]float32, len(t.columns))
	for i, c := range t.columns {
		weights[i] = c.Weight
	}
	return weights
}

func (t *Table) newRow() fyne.CanvasObject {
	cells := make([]fyne.CanvasObject, len(t.columns))
	for i, c := range t.columns {
		v := &cellView{text: Body("").Clipped().Aligned(c.Align), icon: NewIcon("file", tableIcon, ColourMuted)}
		if c.Muted {
			v.text.colour = ColourMuted
		}
		v.ExtendBaseWidget(v)
		cells[i] = Fixed(0, tableRow, v)
	}
	return container.NewStack(&canvas.Rectangle{}, PadXY(tableInset, 0, Columns(Gap, t.weights(), cells...)))
}

// paintRing draws the ring around a row, or takes it away.
func paintRing(ring fyne.CanvasObject, focused bool) {
	stroke := fyne.ThemeColorName("")
	if focused {
		stroke = ColourFocus
	}
	paint(ring.(*canvas.Rectangle), "", stroke, 2, radiusControl)
}

// list is Fyne's, which opens with Enter, says what it is, and draws a ring around the row that the keyboard is at: Fyne
// itself shows that row as it shows the one under the mouse.
type list struct {
	widget.List
	spoken  string
	at      int // the row that the keyboard or the mouse is at; -1 for none
	keyed   int // the row that the keyboard is at
	focused bool
	keying  bool // what is highlighted now, the keyboard highlights
	open    func(row int)
}

// highlighted is told the row that the keyboard or the mouse went to.
func (l *list) highlighted(row int) {
	l.at = row
	if l.keying {
		l.mark(row)
	}
}

func (l *list) mark(row int) {
	before := l.keyed
	l.keyed = row
	if l.focused {
		l.RefreshItem(before)
		l.RefreshItem(row)
	}
}

// FocusGained implements [fyne.Focusable].
func (l *list) FocusGained() {
	l.focused, l.keying = true, true
	l.List.FocusGained()
	l.keying = false
	reveal(l)
}

// FocusLost implements [fyne.Focusable].
func (l *list) FocusLost() {
	l.focused = false
	l.List.FocusLost()
	l.RefreshItem(l.keyed)
}

// TypedKey implements [fyne.Focusable].
func (l *list) TypedKey(key *fyne.KeyEvent) {
	l.keying = true
	defer func() { l.keying = false }()
	switch key.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		keying(l, func() { l.open(l.at) })
	case fyne.KeyEscape:
		closeDialogOver(l)
	default:
		keying(l, func() { l.List.TypedKey(key) })
	}
}

// AccessibilityLabel implements [fyne.Accessible].
func (l *list) AccessibilityLabel() string { return l.spoken }

// AccessibilityRole implements [fyne.Accessible].
func (l *list) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// cellView draws a Cell.
type cellView struct {
	widget.BaseWidget
	icon  *Icon
	text  *Text
	shown Cell
}

func (v *cellView) set(c Cell) {
	if v.shown != c {
		v.shown = c
		v.Refresh()
	}
}

func (v *cellView) CreateRenderer() fyne.WidgetRenderer { return cellRenderer{v} }

type cellRenderer struct{ *cellView }

func (r cellRenderer) Destroy()                     {}
func (r cellRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.icon, r.text} }
func (r cellRenderer) MinSize() fyne.Size           { return fyne.NewSize(narrowest, tableRow) }

func (r cellRenderer) Layout(size fyne.Size) {
	x := float32(0)
	if r.shown.Icon != "" {
		r.icon.Resize(fyne.NewSquareSize(tableIcon))
		r.icon.Move(fyne.NewPos(0, (size.Height-tableIcon)/2))
		x = tableIcon + 10
	}
	height := r.text.MinSize().Height
	r.text.Resize(fyne.NewSize(max(size.Width-x, 0), height))
	r.text.Move(fyne.NewPos(x, (size.Height-height)/2))
}

func (r cellRenderer) Refresh() {
	show(r.icon, r.shown.Icon != "")
	if r.shown.Icon != "" {
		r.icon.Set(r.shown.Icon, r.shown.Tone.Colour())
	}
	r.icon.Refresh()
	r.text.text = r.shown.Text
	r.text.Refresh()
	r.Layout(r.Size())
}
