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

// ownIcons are the signs that Fyne's widgets draw, in our hand.
var ownIcons = map[fyne.ThemeIconName]string{
	theme.IconNameNavigateNext:  "chevron-right",
	theme.IconNameNavigateBack:  "chevron-left",
	theme.IconNameMoveDown:      "chevron-down",
	theme.IconNameMoveUp:        "chevron-up",
	theme.IconNameArrowDropDown: "chevron-down",
	theme.IconNameArrowDropUp:   "chevron-up",
	theme.IconNameMenuExpand:    "chevron-right",
	theme.IconNameCancel:        "close",
	theme.IconNameConfirm:       "check",
	theme.IconNameSearch:        "search",
	theme.IconNameFolder:        "folder",
	theme.IconNameFolderNew:     "folder-plus",
	theme.IconNameFile:          "file",
	theme.IconNameHome:          "home",
	theme.IconNameComputer:      "computer",
	theme.IconNameStorage:       "drive",
	theme.IconNameDownload:      "download",
	theme.IconNameDocument:      "document",
	theme.IconNameMediaPhoto:    "image",
	theme.IconNameMediaMusic:    "music",
	theme.IconNameMediaVideo:    "film",
	theme.IconNameSettings:      "settings",
	theme.IconNameVisibility:    "eye",
}

// Icon implements [fyne.Theme].
func (Theme) Icon(name fyne.ThemeIconName) fyne.Resource {
	if glyph, ours := ownIcons[name]; ours {
		return theme.NewThemedResource(fyne.NewStaticResource(glyph+".svg", assets.Glyph(glyph)))
	}
	return theme.DefaultTheme().Icon(name)
}

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
