package kit

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// The colours of Roost by what they mean, beside those that Fyne names. Widgets look them up through the
// theme each time they are refreshed, so that light and dark change under them.
const (
	ColourText      = theme.ColorNameForeground
	ColourMuted     = fyne.ThemeColorName("roost.muted")    // secondary text
	ColourPage      = theme.ColorNameBackground             // behind the cards
	ColourSurface   = fyne.ThemeColorName("roost.surface")  // a card
	ColourSidebar   = fyne.ThemeColorName("roost.sidebar")  // behind the navigation
	ColourOutline   = fyne.ThemeColorName("roost.outline")  // the hairline around a card
	ColourTrack     = fyne.ThemeColorName("roost.track")    // what a bar, ring or grid is drawn on
	ColourSelected  = fyne.ThemeColorName("roost.selected") // the chosen place in the navigation
	ColourScrim     = fyne.ThemeColorName("roost.scrim")    // over the window while a dialog is open
	ColourFocus     = theme.ColorNameFocus                  // the ring around what has the keyboard
	ColourAccent    = theme.ColorNamePrimary
	ColourGood      = theme.ColorNameSuccess
	ColourWarn      = theme.ColorNameWarning
	ColourBad       = theme.ColorNameError
	ColourButton    = fyne.ThemeColorName("roost.button")     // the ground of a primary button
	ColourDanger    = fyne.ThemeColorName("roost.danger")     // and of one that deletes
	ColourOnButton  = theme.ColorNameForegroundOnPrimary      // the text on both
	ColourAccentDim = fyne.ThemeColorName("roost.accent.dim") // tints for chips, tiles, halos
	ColourGoodDim   = fyne.ThemeColorName("roost.good.dim")
	ColourWarnDim   = fyne.ThemeColorName("roost.warn.dim")
	ColourBadDim    = fyne.ThemeColorName("roost.bad.dim")
	ColourIdleDim   = fyne.ThemeColorName("roost.idle.dim")
	ColourSeries1   = fyne.ThemeColorName("roost.series.1") // charts, in this order
	ColourSeries2   = fyne.ThemeColorName("roost.series.2")
	ColourSeries3   = fyne.ThemeColorName("roost.series.3")
	ColourSeries4   = fyne.ThemeColorName("roost.series.4")
)

// Tone is what a colour says about a thing.
type Tone int

// The tones. Idle is the zero value: nothing to say.
const (
	Idle Tone = iota
	Accent
	Good
	Warn
	Bad
)

// Colour is the tone's colour for text, signs and bars.
func (t Tone) Colour() fyne.ThemeColorName {
	return [...]fyne.ThemeColorName{ColourMuted, ColourAccent, ColourGood, ColourWarn, ColourBad}[t]
}

// Dim is the tint that lies behind Colour.
func (t Tone) Dim() fyne.ThemeColorName {
	return [...]fyne.ThemeColorName{ColourIdleDim, ColourAccentDim, ColourGoodDim, ColourWarnDim, ColourBadDim}[t]
}

// Names of Fyne that the kit uses for its own controls.
const (
	colourDisabled    = theme.ColorNameDisabled
	colourInputBorder = theme.ColorNameInputBorder
)

type palette map[fyne.ThemeColorName]color.Color

var light = palette{
	ColourPage: rgb(0xF5F6FA), ColourSurface: rgb(0xFFFFFF), ColourSidebar: rgb(0xFFFFFF),
	ColourOutline: rgb(0xE4E7EF), ColourTrack: rgb(0xE9ECF3), ColourSelected: rgb(0xEBEEFE),
	ColourScrim: rgba(0x171A26, 0x66), ColourFocus: rgb(0x4457E6),
	ColourText: rgb(0x171A26), ColourMuted: rgb(0x5D657B),
	ColourAccent: rgb(0x4457E6), ColourGood: rgb(0x08754F), ColourWarn: rgb(0x9A5B00), ColourBad: rgb(0xC4212F),
	ColourButton: rgb(0x4457E6), ColourDanger: rgb(0xC4212F), ColourOnButton: rgb(0xFFFFFF),
	ColourAccentDim: rgb(0xE8EBFE), ColourGoodDim: rgb(0xDDF5E9), ColourWarnDim: rgb(0xFDF0D9),
	ColourBadDim: rgb(0xFDE7E8), ColourIdleDim: rgb(0xECEEF4),
	ColourSeries1: rgb(0x4457E6), ColourSeries2: rgb(0x17B2A6), ColourSeries3: rgb(0xF2A33C), ColourSeries4: rgb(0xA3ABBF),

	theme.ColorNameButton: rgb(0xEDEFF5), theme.ColorNameDisabledButton: rgb(0xEDEFF5), theme.ColorNameDisabled: rgb(0x9AA1B4),
	theme.ColorNameHover: rgba(0x171A26, 0x0D), theme.ColorNamePressed: rgba(0x171A26, 0x1C),
	theme.ColorNameInputBackground: rgb(0xFFFFFF), theme.ColorNameInputBorder: rgb(0xC9CFDD),
	theme.ColorNamePlaceHolder: rgb(0x6B7388), theme.ColorNameSeparator: rgb(0xE9ECF3),
	theme.ColorNameSelection: rgba(0x4457E6, 0x33), theme.ColorNameScrollBar: rgba(0x171A26, 0x40),
	theme.ColorNameHeaderBackground: rgb(0xFFFFFF), theme.ColorNameOverlayBackground: rgb(0xFFFFFF),
	theme.ColorNameMenuBackground: rgb(0xFFFFFF), theme.ColorNameHyperlink: rgb(0x4457E6),
	theme.ColorNameShadow: rgba(0x171A26, 0x1F),
}

var dark = palette{
	ColourPage: rgb(0x0F121A), ColourSurface: rgb(0x181C27), ColourSidebar: rgb(0x131620),
	ColourOutline: rgb(0x282D3C), ColourTrack: rgb(0x282D3C), ColourSelected: rgb(0x22284A),
	ColourScrim: rgba(0x000000, 0x99), ColourFocus: rgb(0x9AA6FF),
	ColourText: rgb(0xEEF0F6), ColourMuted: rgb(0x98A0B6),
	ColourAccent: rgb(0x7C8BFF), ColourGood: rgb(0x34D399), ColourWarn: rgb(0xF5B14C), ColourBad: rgb(0xFF7B7B),
	ColourButton: rgb(0x5666EE), ColourDanger: rgb(0xCF3645), ColourOnButton: rgb(0xFFFFFF),
	ColourAccentDim: rgb(0x22284A), ColourGoodDim: rgb(0x13342B), ColourWarnDim: rgb(0x3A2C14),
	ColourBadDim: rgb(0x3D1D22), ColourIdleDim: rgb(0x262B39),
	ColourSeries1: rgb(0x6A7BFF), ColourSeries2: rgb(0x2DD4BF), ColourSeries3: rgb(0xFBBF5D), ColourSeries4: rgb(0x6B7489),

	theme.ColorNameButton: rgb(0x262B3A), theme.ColorNameDisabledButton: rgb(0x262B3A), theme.ColorNameDisabled: rgb(0x5F677C),
	theme.ColorNameHover: rgba(0xFFFFFF, 0x10), theme.ColorNamePressed: rgba(0xFFFFFF, 0x20),
	theme.ColorNameInputBackground: rgb(0x11141D), theme.ColorNameInputBorder: rgb(0x3B4257),
	theme.ColorNamePlaceHolder: rgb(0x858DA3), theme.ColorNameSeparator: rgb(0x232836),
	theme.ColorNameSelection: rgba(0x6A7BFF, 0x55), theme.ColorNameScrollBar: rgba(0xFFFFFF, 0x40),
	theme.ColorNameHeaderBackground: rgb(0x181C27), theme.ColorNameOverlayBackground: rgb(0x1B202D),
	theme.ColorNameMenuBackground: rgb(0x1B202D), theme.ColorNameHyperlink: rgb(0x8593FF),
	theme.ColorNameShadow: rgba(0x000000, 0x66),
}

func rgb(v uint32) color.NRGBA { return rgba(v, 0xFF) }

func rgba(v uint32, alpha uint8) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: alpha}
}

// colour is what name looks like now. The empty name is no colour.
func colour(name fyne.ThemeColorName) color.Color {
	if name == "" {
		return color.Transparent
	}
	return theme.Color(name)
}

// css writes a colour without its opacity.
func css(c color.Color) string {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	return fmt.Sprintf("#%02x%02x%02x", n.R, n.G, n.B)
}
