package assets

import (
	"embed"
	"strings"
)

//go:embed glyphs
var glyphs embed.FS

// GlyphColour is the fill of every glyph as it is stored; who draws one replaces it.
const GlyphColour = "#000000"

// Glyph returns the SVG of a sign of the window, such as "folder": one filled path on 24×24. A name
// that there is none for is a mistake in our own code, so it panics.
func Glyph(name string) []byte {
	data, err := glyphs.ReadFile("glyphs/" + name + ".svg")
	if err != nil {
		panic(err)
	}
	return data
}

// GlyphNames lists what Glyph knows, in order.
func GlyphNames() []string {
	entries, err := glyphs.ReadDir("glyphs")
	if err != nil {
		panic(err) // it is embedded
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = strings.TrimSuffix(entry.Name(), ".svg")
	}
	return names
}
