package kit

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
	"github.com/skip2/go-qrcode"
)

// QR is a picture of text for a camera, with the white border that cameras need, also in the dark.
type QR struct {
	widget.BaseWidget
	picture *canvas.Image
	spoken  string
}

// qrSide is large enough for the camera of a phone at arm's length.
const qrSide = 220

// NewQR makes the picture; spoken is what a screen reader says of it. It fails for more text than a picture
// can hold, about 2,300 bytes.
func NewQR(text, spoken string) (*QR, error) {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("draw a QR picture: %w", err)
	}
	q := &QR{picture: canvas.NewImageFromImage(code.Image(-1)), spoken: spoken} // a pixel for a square of it
	q.picture.ScaleMode = canvas.ImageScalePixels                               // larger, not softer
	q.picture.FillMode = canvas.ImageFillContain
	q.picture.SetMinSize(fyne.NewSquareSize(qrSide))
	q.ExtendBaseWidget(q)
	return q, nil
}

// AccessibilityLabel implements [fyne.Accessible].
func (q *QR) AccessibilityLabel() string { return q.spoken }

// AccessibilityRole implements [fyne.Accessible].
func (q *QR) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer implements [fyne.Widget].
func (q *QR) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(q.picture) }
