package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"roost/assets"
)

// Text sizes. There are no others.
const (
	SizeSmall   = 12
	SizeBody    = 14
	SizeHeading = 16
	SizeTitle   = 24
)

// Theme is how Roost looks: Inter, and the colours of colour.go in light and dark.
type Theme struct {
	Forced *fyne.ThemeVariant // nil follows the system
}

var (
	_ fyne.Theme = Theme{}

	regular  = fyne.NewStaticResource("Inter-Regular.otf", assets.FontRegular)
	semiBold = fyne.NewStaticResource("Inter-SemiBold.otf", assets.FontSemiBold)
)

// Color implements [fyne.Theme].
func (t Theme) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	if t.Forced != nil {
		variant = *t.Forced
	}
	colours := dark
	if variant == theme.VariantLight {
		colours = light
	}
	if c, ours := colours[name]; ours {
		return c
	}
	return theme.DefaultTheme().Color(name, variant)
}

// Font implements [fyne.Theme].
func (Theme) Font(style fyne.TextStyle) fyne.Resource {
	switch {
	case style.Monospace, style.Symbol:
		return theme.DefaultTheme().Font(style)
	case style.Bold:
		return semiBold
	default:
		return regular
	}
}

// Icon implements [fyne.Theme].
func (Theme) Icon(name fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(name) }

// Size implements [fyne.Theme].
func (Theme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		return SizeBody
	case theme.SizeNameCaptionText:
		return SizeSmall
	case theme.SizeNameSubHeadingText:
		return SizeHeading
	case theme.SizeNameHeadingText:
		return SizeTitle
	case theme.SizeNameInputRadius:
		return radiusControl
	case theme.SizeNameSelectionRadius:
		return 7
	case theme.SizeNameInnerPadding:
		return 9
	case theme.SizeNameScrollBar:
		return 10
	case theme.SizeNameScrollBarSmall:
		return 4
	case theme.SizeNameScrollBarRadius:
		return 5
	}
	return theme.DefaultTheme().Size(name)
}
