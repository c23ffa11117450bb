package code

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg" // as cameras write
	_ "image/png"
	"slices"

	"github.com/makiuchi-d/gozxing"
	zxing "github.com/makiuchi-d/gozxing/qrcode"
	"github.com/skip2/go-qrcode"
	"golang.org/x/image/draw"
)

var (
	// ErrNoPicture: an image without a QR picture that can be read.
	ErrNoPicture = errors.New("no QR picture can be read in this image")
	// ErrPictureKind: an image of a kind that is not read.
	ErrPictureKind = errors.New("this kind of image is not read")
)

const maxPixels = 64 << 20

// Terminal draws text as a QR picture of characters, two squares each, for a camera before a screen: dark squares on a light
// ground whatever the terminal's colours are.
func Terminal(text string) (string, error) {
	q, err := qrcode.New(text, qrcode.Low)
	if err != nil {
		return "", fmt.Errorf("draw a QR picture: %w", err)
	}
	squares := q.Bitmap() // with its border
	dark := func(y, x int) bool { return y < len(squares) && squares[y][x] }
	var b bytes.Buffer
	for y := 0; y < len(squares); y += 2 {
		b.WriteString("\x1b[30;107m") // black on white
		for x := range squares[y] {
			switch up, down := dark(y, x), dark(y+1, x); {
			case up && down:
				b.WriteString("█")
			case up:
				b.WriteString("▀")
			case down:
				b.WriteString("▄")
			default:
				b.WriteString(" ")
			}
		}
		b.WriteString("\x1b[0m\n")
	}
	return b.String(), nil
}

// PNG draws text as a QR picture in a file.
func PNG(text string) ([]byte, error) {
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("draw a QR picture: %w", err)
	}
	return q.PNG(-8) // pixels for each square
}

// Text is the text of a code that was given as a text or as a picture of one. Errors: those of FromPicture.
func Text(given []byte) (string, error) {
	if IsPicture(given) {
		return FromPicture(given)
	}
	return string(given), nil
}

// IsPicture tells whether data is an image rather than a text. Not every image can be read.
func IsPicture(data []byte) bool {
	for _, begins := range []string{"\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "GIF8", "II*\x00", "MM\x00*"} {
		if bytes.HasPrefix(data, []byte(begins)) {
			return true
		}
	}
	return isWebP(data) || isHEIF(data)
}

// isWebP: RFC 9649, section 2.4.
func isWebP(data []byte) bool {
	return len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP"
}

// isHEIF tells HEIC and AVIF, as phones take them (ISO/IEC 14496-12, 4.3, and 23008-12, 10).
func isHEIF(data []byte) bool {
	return len(data) >= 12 && string(data[4:8]) == "ftyp" &&
		slices.Contains([]string{"heic", "heix", "heim", "heis", "mif1", "avif"}, string(data[8:12]))
}

// FromPicture returns the text of the QR picture in an image: PNG, JPEG or GIF. Errors: ErrNoPicture, ErrPictureKind.
func FromPicture(data []byte) (string, error) {
	size, _, err := image.DecodeConfig(bytes.NewReader(data))
	if errors.Is(err, image.ErrFormat) && IsPicture(data) {
		return "", ErrPictureKind
	}
	if err != nil || size.Width <= 0 || size.Height <= 0 || size.Width > maxPixels/size.Height {
		return "", fmt.Errorf("%w: it is no image, or far too large", ErrNoPicture)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return "", fmt.Errorf("%w: the image is damaged", ErrNoPicture)
	}
	for _, try := range readings {
		if text, ok := try.read(img); ok {
			return text, nil
		}
	}
	return "", ErrNoPicture
}

// readings are the ways in which an image is read, the likeliest first. The library takes a part of the content for one of a
// picture's corners now and then (measured: two or three codes of a hundred), which does not happen to a drawn one that is read
// square by square, and seldom to a photograph in two sizes.
var readings = []reading{{size: 1}, {size: 1, drawn: true}, {size: 0.5}, {size: 0.7}, {size: 0.33}, {size: 0.25}, {size: 1.3}}

type reading struct {
	size  float64 // of the image's own
	drawn bool    // straight and clean, as PNG draws it
}

func (r reading) read(img image.Image) (string, bool) {
	if r.size != 1 {
		full := img.Bounds()
		width, height := int(float64(full.Dx())*r.size), int(float64(full.Dy())*r.size)
		if width == 0 || height == 0 || width > maxPixels/height {
			return "", false
		}
		scaled := image.NewGray(image.Rect(0, 0, width, height))
		draw.ApproxBiLinear.Scale(scaled, scaled.Bounds(), img, full, draw.Src, nil)
		img = scaled
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return "", false
	}
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	if r.drawn {
		hints[gozxing.DecodeHintType_PURE_BARCODE] = true
	}
	found, err := zxing.NewQRCodeReader().Decode(bitmap, hints)
	if err != nil {
		return "", false
	}
	return found.GetText(), true
}
