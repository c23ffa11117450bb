// Package assets holds the pictures, fonts, translations and sample files that are built into Roost.
package assets

import (
	"embed"
	"io/fs"
)

// The application's icon: a rounded square, drawn with filled shapes only so that it scales.
var (
	//go:embed icon.svg
	IconSVG []byte
	//go:embed icon.png
	IconPNG []byte // 512×512
	//go:embed icon-256.png
	IconPNG256 []byte // 256×256
)

//go:embed all:sample
var sample embed.FS

// Sample is a small folder of the kind people keep: letters, photographs, tables, notes, names in
// several scripts. An embedded folder has neither empty directories, links, times nor modes; who
// needs those adds them after copying it to disk.
func Sample() fs.FS {
	files, err := fs.Sub(sample, "sample")
	if err != nil {
		panic(err) // "sample" is a valid path
	}
	return files
}
