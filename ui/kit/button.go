package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
)

// Importance is how much a button stands out.
type Importance int

// The kinds of button. A screen has one primary button at most; Danger is for what deletes.
const (
	Secondary Importance = iota
	Primary
	Danger
	Quiet // a link: text only
)

// Button does one thing when it is tapped. Its label is a verb.
type Button struct {
	control
	label      string
	icon       string // glyph at the left; "" for none
	importance Importance
	spoken     string // for a screen reader; "" means label
}

// NewButton makes a button.
func NewButton(importance Importance, icon, label string, tap func()) *Button {
	b := &Button{label: label, icon: icon, importance: importance}
	b.tap = tap
	b.ExtendBaseWidget(b)
	return b
}

// Spoken sets what a screen reader says, where the label alone is too short, as with "Open".
func (b *Button) Spoken(sentence string) *Button { b.spoken = sentence; return b }

// SetLabel changes the label.
func (b *Button) SetLabel(label string) {
	if b.label != label {
		b.label = label
		b.Refresh()
	}
}

// SetImportance changes how much the button stands out.
func (b *Button) SetImportance(importance Importance) {
	if b.importance != importance {
		b.importance = importance
		b.Refresh()
	}
}

// SetTap changes what the button does.
func (b *Button) SetTap(tap func()) { b.tap = tap }

// FocusGained implements [fyne.Focusable].
func (b *Button) FocusGained() { b.gainFocus(b) }

// AccessibilityLabel implements [fyne.Accessible].
func (b *Button) AccessibilityLabel() string {
	if b.spoken != "" {
		return b.spoken
	}
	return b.label
}

// AccessibilityRole implements [fyne.Accessible].
func (b *Button) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements [fyne.Widget].
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	r := &buttonRenderer{
		button: b, ground: &canvas.Rectangle{}, ring: &canvas.Rectangle{},
		text: Strong(b.label), icon: NewIcon("plus", 16, ColourText),
	}
	row := HBox(7, r.icon, r.text)
	x, y := float32(15), float32(9)
	if b.importance == Quiet {
		x, y = 6, 4
	}
	r.row = container.NewCenter(PadXY(x, y, row))
	r.Refresh()
	return r
}

type buttonRenderer struct {
	button       *Button
	ground, ring *canvas.Rectangle
	text         *Text
	icon         *Icon
	row          *fyne.Container
}

func (r *buttonRenderer) Destroy() {}

func (r *buttonRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.ring, r.row}
}
func (r *buttonRenderer) MinSize() fyne.Size { return r.row.MinSize() }

func (r *buttonRenderer) Layout(size fyne.Size) {
	for _, o := range r.Objects() {
		o.Resize(size)
	}
	r.button.standOff(r.button.filled(), r.ring, size, radiusControl)
}

func (r *buttonRenderer) Refresh() {
	b := r.button
	fill, stroke, text := b.colours()
	paint(r.ground, fill, stroke, 1, radiusControl)
	b.paintFocus(r.ring, radiusControl)
	b.standOff(b.filled(), r.ring, b.Size(), radiusControl)
	r.text.SetText(b.label)
	r.text.SetColour(text)
	r.text.Refresh()
	if b.icon == "" {
		r.icon.Hide()
	} else {
		r.icon.Set(b.icon, text)
		r.icon.Refresh()
		r.icon.Show()
	}
	r.row.Refresh()
	canvas.Refresh(b)
}

func (b *Button) filled() bool { return b.importance == Primary || b.importance == Danger }

func (b *Button) colours() (fill, stroke, text fyne.ThemeColorName) {
	switch {
	case b.Disabled() && b.importance == Quiet:
		return "", "", colourDisabled
	case b.Disabled():
		return ColourTrack, "", colourDisabled
	case b.importance == Primary:
		return ColourButton, "", ColourOnButton
	case b.importance == Danger:
		return ColourDanger, "", ColourOnButton
	case b.importance == Quiet:
		return "", "", ColourAccent
	default:
		return ColourSurface, colourInputBorder, ColourText
	}
}
