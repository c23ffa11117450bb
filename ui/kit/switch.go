package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// SwitchData is what a Switch shows.
type SwitchData struct {
	Title  string
	Detail string // below, in as many lines as it takes; "" for none
	On     bool
	Spoken string // for a screen reader: what it is, and whether it is on
}

// Switch turns one thing on or off, at once. It does not turn by itself: who is told of a tap sets what is true then.
type Switch struct {
	control
	data SwitchData
}

// NewSwitch makes a switch; turn is told what a person wants.
func NewSwitch(data SwitchData, turn func(on bool)) *Switch {
	s := &Switch{data: data}
	s.tap = func() { turn(!s.data.On) }
	s.ExtendBaseWidget(s)
	return s
}

// Set changes what the switch shows.
func (s *Switch) Set(data SwitchData) {
	if s.data != data {
		s.data = data
		s.Refresh()
	}
}

// Data is what the switch shows.
func (s *Switch) Data() SwitchData { return s.data }

// FocusGained implements [fyne.Focusable].
func (s *Switch) FocusGained() { s.gainFocus(s) }

// AccessibilityLabel implements [fyne.Accessible].
func (s *Switch) AccessibilityLabel() string {
	if s.data.Spoken != "" {
		return s.data.Spoken
	}
	return s.data.Title
}

// AccessibilityRole implements [fyne.Accessible].
func (s *Switch) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements [fyne.Widget].
func (s *Switch) CreateRenderer() fyne.WidgetRenderer {
	r := &switchRenderer{
		of: s, ring: &canvas.Rectangle{}, track: NewBox("", "", switchHeight/2), knob: NewBox("", "", switchKnob/2),
		title: Body("").Clipped(), detail: NewParagraph("").Secondary().Small(),
	}
	r.Refresh()
	return r
}

type switchRenderer struct {
	of          *Switch
	ring        *canvas.Rectangle
	track, knob *Box
	title       *Text
	detail      *Paragraph
}

// Measures of a switch. The room around it is for the focus ring.
const (
	switchWidth  = 36
	switchHeight = 20
	switchKnob   = 14
	switchInset  = 8
	switchGap    = 16
)

func (r *switchRenderer) Destroy() {}

func (r *switchRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ring, r.title, r.detail, r.track, r.knob}
}

func (r *switchRenderer) texts() float32 {
	height := r.title.MinSize().Height
	if r.of.data.Detail != "" {
		height += 2 + r.detail.MinSize().Height
	}
	return height
}

func (r *switchRenderer) MinSize() fyne.Size {
	return fyne.NewSize(narrowestLine+switchGap+switchWidth+2*switchInset, max(r.texts(), switchHeight)+2*switchInset)
}

func (r *switchRenderer) Layout(size fyne.Size) {
	r.ring.Resize(size)
	width := max(size.Width-switchWidth-switchGap-2*switchInset, 0)
	title := r.title.MinSize().Height
	r.detail.Resize(fyne.NewSize(width, r.detail.MinSize().Height)) // first, for the lines that it takes
	y := (size.Height - r.texts()) / 2
	r.title.Resize(fyne.NewSize(width, title))
	r.title.Move(fyne.NewPos(switchInset, y))
	r.detail.Move(fyne.NewPos(switchInset, y+title+2))
	x, y := size.Width-switchInset-switchWidth, (size.Height-switchHeight)/2
	r.track.Resize(fyne.NewSize(switchWidth, switchHeight))
	r.track.Move(fyne.NewPos(x, y))
	const air = (switchHeight - switchKnob) / 2
	if r.of.data.On {
		x += switchWidth - switchKnob - 2*air
	}
	r.knob.Resize(fyne.NewSquareSize(switchKnob))
	r.knob.Move(fyne.NewPos(x+air, y+air))
}

func (r *switchRenderer) Refresh() {
	s := r.of
	s.paintFocus(r.ring, radiusControl)
	r.title.SetText(s.data.Title)
	r.detail.SetText(s.data.Detail)
	show(r.detail, s.data.Detail != "")
	track, stroke, knob := ColourTrack, colourInputBorder, ColourMuted
	switch {
	case s.Disabled():
		knob = colourDisabled
	case s.data.On:
		track, stroke, knob = ColourButton, ColourButton, ColourOnButton
	}
	r.track.SetColours(track, stroke)
	r.knob.SetColours(knob, "")
	for _, part := range r.Objects()[1:] {
		part.Refresh()
	}
	r.Layout(s.Size())
	canvas.Refresh(s)
}
