#!/usr/bin/env bash
# Draws the PNG pictures of assets from their SVG sources with rsvg-convert (Debian: librsvg2-bin).
set -euo pipefail
cd "$(dirname "$0")/../assets"

rsvg-convert --width 512 --height 512 icon.svg --output icon.png
rsvg-convert --width 256 --height 256 icon.svg --output icon-256.png

# The tray draws at 22 points: one picture for plain screens and one for dense ones, in colour, and
# in black for systems that colour the picture themselves.
for source in tray/*.svg; do
	name=${source%.svg}
	for scale in 1 2; do
		size=$((22 * scale))
		rsvg-convert --width $size --height $size "$source" --output "$name-${scale}x.png"
		sed -E 's/fill="#[0-9A-F]{6}"/fill="#000000"/' "$source" |
			rsvg-convert --width $size --height $size --output "$name-mono-${scale}x.png"
	done
done
