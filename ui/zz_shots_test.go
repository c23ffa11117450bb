//go:build screenshots

package ui

import (
	"testing"

	"fyne.io/fyne/v2/theme"
)

func TestMyShots(t *testing.T) {
	captureStates(t, picturesDir(t), "light", theme.VariantLight, keepingStates(), recordDesk)
}
