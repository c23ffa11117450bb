package assets

import (
	"embed"
	"fmt"
)

//go:embed tray/*.png
var tray embed.FS

// TrayStates are the signs that TrayIcon has, each of its own shape and colour.
var TrayStates = []string{"safe", "saving", "waiting", "paused", "needs-you", "not-protected"}

// TrayIcon returns the PNG of a tray sign: 22×22 pixels, or 44×44 when dense. The mono variant is black
// on nothing, for systems that colour it themselves. An unknown state panics, as in Glyph.
func TrayIcon(state string, mono, dense bool) []byte {
	name, scale := state, 1
	if mono {
		name += "-mono"
	}
	if dense {
		scale = 2
	}
	data, err := tray.ReadFile(fmt.Sprintf("tray/%s-%dx.png", name, scale))
	if err != nil {
		panic(err)
	}
	return data
}
