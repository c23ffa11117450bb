package kit

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
)

// RowData is what a Row shows. Empty fields are left out.
type RowData struct {
	Icon     string
	IconTone Tone
	Title    string  // what the row is about
	Note     string  // beside the title, muted: where it lies
	Detail   string  // below: how it is
	Value    string  // below at the right: how much
	Chip     string  // at the right: its state
	Tone     Tone    // of the chip and the bar
	Busy     bool    // a bar shows Part
	Part     float64 // 0 to 1
	Spoken   string  // for a screen reader; "" puts the others one after the other
}

// Row is one thing in a list: a tile, two lines and a state. With something to do on a tap it takes the
// focus; without, it is only read.
type Row struct {
	control
	data RowData
}

// NewRow makes a row; tap may be nil.
func NewRow(data RowData, tap func()) *Row {
	r := &Row{data: data}
	r.tap = tap
	r.ExtendBaseWidget(r)
	return r
}

// Set changes what the row shows.
func (r *Row) Set(data RowData) {
	if r.data != data {
		r.data = data
		r.Refresh()
	}
}

// SetTap changes what a tap does.
func (r *Row) SetTap(tap func()) { r.tap = tap }

// FocusGained implements [fyne.Focusable].
func (r *Row) FocusGained() { r.gainFocus(r) }

// AccessibilityLabel implements [fyne.Accessible].
func (r *Row) AccessibilityLabel() string {
	if r.data.Spoken != "" {
		return r.data.Spoken
	}
	var said []string
	for _, part := range []string{r.data.Title, r.data.Note, r.data.Chip, r.data.Detail, r.data.Value} {
		if part != "" {
			said = append(said, part)
		}
	}
	return strings.Join(said, ", ")
}

// AccessibilityRole implements [fyne.Accessible].
func (r *Row) AccessibilityRole() fyne.AccessibleRole {
	if r.tap == nil {
		return fyne.AccessibleRoleText
	}
	return fyne.AccessibleRoleButton
}

// CreateRenderer implements [fyne.Widget].
func (r *Row) CreateRenderer() fyne.WidgetRenderer {
	v := &rowRenderer{
		row: r, ring: &canvas.Rectangle{}, tileGround: NewBox("", "", 11), tileIcon: NewIcon("folder", 20, ColourAccent),
		title: Strong("").Clipped(), note: Small("").Clipped(), detail: Small("").Clipped(), value: Small(""),
		chip: NewChip("", Idle), bar: NewBar(Accent),
	}
	v.tile = container.NewStack(v.tileGround, container.NewCenter(v.tileIcon))
	v.Refresh()
	return v
}

type rowRenderer struct {
	row                        *Row
	ring                       *canvas.Rectangle
	tile                       *fyne.Container
	tileGround                 *Box
	tileIcon                   *Icon
	title, note, detail, value *Text
	chip                       *Chip
	bar                        *Bar
}

// Measures of a row. The room around it is for the focus ring.
const (
	rowTile     = 40
	rowIndent   = rowTile + 14
	rowInsetX   = 8
	rowInsetY   = 8
	rowGap      = 8
	rowLineGap  = 4
	rowBarGap   = 7
	rowTopLine  = 22 // as tall as a chip
	rowNoteLess = 60 // a note narrower than this is left out
)

func (r *rowRenderer) Destroy() {}

func (r *rowRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ring, r.tile, r.title, r.note, r.detail, r.value, r.chip, r.bar}
}

func (r *rowRenderer) MinSize() fyne.Size {
	height := float32(rowTopLine)
	if r.second() {
		height += rowLineGap + r.detail.MinSize().Height
	}
	if r.row.data.Busy {
		height += 2*rowBarGap + barHeight - rowLineGap
	}
	if r.row.data.Icon != "" {
		height = max(height, rowTile)
	}
	width := float32(120)
	if r.chip.Visible() {
		width += rowGap + r.chip.MinSize().Width
	}
	return fyne.NewSize(r.left()+width+rowInsetX, height+2*rowInsetY)
}

func (r *rowRenderer) second() bool { return r.row.data.Detail != "" || r.row.data.Value != "" }

func (r *rowRenderer) left() float32 {
	if r.row.data.Icon == "" {
		return rowInsetX
	}
	return rowInsetX + rowIndent
}

func (r *rowRenderer) Layout(size fyne.Size) {
	r.ring.Resize(size)
	r.tile.Resize(fyne.NewSquareSize(rowTile))
	r.tile.Move(fyne.NewPos(rowInsetX, (size.Height-rowTile)/2))
	y := (size.Height - (r.MinSize().Height - 2*rowInsetY)) / 2
	if !r.row.data.Busy && r.second() {
		y = (size.Height - rowTopLine - rowLineGap - r.detail.MinSize().Height) / 2
	} else if !r.row.data.Busy {
		y = (size.Height - rowTopLine) / 2
	}
	left, right := r.left(), size.Width-rowInsetX
	r.firstLine(left, right, y)
	y += rowTopLine
	if r.row.data.Busy {
		r.bar.Resize(fyne.NewSize(right-left, barHeight))
		r.bar.Move(fyne.NewPos(left, y+rowBarGap))
		y += 2*rowBarGap + barHeight
	} else {
		y += rowLineGap
	}
	value, height := r.value.MinSize().Width, r.detail.MinSize().Height
	r.value.Resize(fyne.NewSize(value, height))
	r.value.Move(fyne.NewPos(right-value, y))
	if value > 0 {
		value += rowGap
	}
	r.detail.Resize(fyne.NewSize(max(right-left-value, 0), height))
	r.detail.Move(fyne.NewPos(left, y))
}

// firstLine gives the chip what it needs, then the title, and the note what remains.
func (r *rowRenderer) firstLine(left, right, y float32) {
	room := right - left
	if r.chip.Visible() {
		chip := r.chip.MinSize()
		r.chip.Resize(chip)
		r.chip.Move(fyne.NewPos(right-chip.Width, y+(rowTopLine-chip.Height)/2))
		room -= chip.Width + rowGap
	}
	wanted := fyne.MeasureText(r.row.data.Title, SizeBody, fyne.TextStyle{Bold: true})
	width := min(wanted.Width, max(room, 0))
	r.title.Resize(fyne.NewSize(width, wanted.Height))
	r.title.Move(fyne.NewPos(left, y+(rowTopLine-wanted.Height)/2))
	note := r.note.MinSize().Height
	rest := room - width - rowGap
	show(r.note, r.row.data.Note != "" && rest >= rowNoteLess)
	r.note.Resize(fyne.NewSize(max(rest, 0), note))
	r.note.Move(fyne.NewPos(left+width+rowGap, y+(rowTopLine-note)/2+1))
}

func (r *rowRenderer) Refresh() {
	d := r.row.data
	r.row.paintFocus(r.ring, radiusControl)
	show(r.tile, d.Icon != "")
	if d.Icon != "" {
		r.tileGround.SetColours(d.IconTone.Dim(), "")
		r.tileIcon.Set(d.Icon, d.IconTone.Colour())
	}
	r.title.SetText(d.Title)
	r.note.SetText(d.Note)
	r.detail.SetText(d.Detail)
	r.value.SetText(d.Value)
	r.chip.Set(d.Chip, d.Tone)
	r.bar.Set(d.Part, d.Tone)
	show(r.chip, d.Chip != "")
	show(r.bar, d.Busy)
	for _, o := range r.Objects()[1:] {
		o.Refresh()
	}
	r.Layout(r.row.Size())
	canvas.Refresh(r.row)
}
