#!/usr/bin/env bash
# Draws assets/icon*.png from assets/icon.svg with rsvg-convert (Debian: librsvg2-bin).
set -euo pipefail
cd "$(dirname "$0")/../assets"

rsvg-convert --width 512 --height 512 icon.svg --output icon.png
rsvg-convert --width 256 --height 256 icon.svg --output icon-256.png
