package kit

import "fyne.io/fyne/v2"

// DrawsJapanese tells whether a font of this computer has the characters of Japanese. They are squares of the text's size; the
// box that stands for a character that no font has is not, or it is the one of a character that does not exist.
//
// It asks for kana before kanji, in both weights: who shares kanji with Chinese then gets the shapes that Japanese has, also
// where the system's own language is another one.
func DrawsJapanese() bool {
	for _, style := range []fyne.TextStyle{{}, {Bold: true}} {
		wide := func(s string) float32 { return fyne.MeasureText(s, SizeBody, style).Width }
		missing := wide("\U0010FFFF")
		for _, character := range []string{"あ", "ア", "語", "、"} {
			if w := wide(character); w == missing || w < SizeBody-0.5 || w > SizeBody+0.5 {
				return false
			}
		}
	}
	return true
}
