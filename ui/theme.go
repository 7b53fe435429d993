package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"piecewise/ui/piecemap"
)

// compact is Fyne's theme with less room around things, and colours that go with
// the piece pictures. Light and dark follow the system.
type compact struct{ fyne.Theme }

func newTheme() fyne.Theme { return compact{theme.DefaultTheme()} }

var sizes = map[fyne.ThemeSizeName]float32{
	theme.SizeNameText:               13,
	theme.SizeNameCaptionText:        12,
	theme.SizeNameSubHeadingText:     15,
	theme.SizeNameHeadingText:        20,
	theme.SizeNamePadding:            3,
	theme.SizeNameInnerPadding:       6,
	theme.SizeNameInlineIcon:         17,
	theme.SizeNameScrollBar:          10,
	theme.SizeNameScrollBarSmall:     4,
	theme.SizeNameInputRadius:        4,
	theme.SizeNameSelectionRadius:    3,
	theme.SizeNameSeparatorThickness: 1,
	theme.SizeNameModalBlurRadius:    0, // blurring the whole window costs more than it gives
}

// Size returns our size, or else Fyne's.
func (c compact) Size(name fyne.ThemeSizeName) float32 {
	if size, ok := sizes[name]; ok {
		return size
	}
	return c.Theme.Size(name)
}

// Color returns our colour, or else Fyne's.
func (c compact) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	colours := lightColours
	if v == theme.VariantDark {
		colours = darkColours
	}
	if colour, ok := colours[name]; ok {
		return colour
	}
	return c.Theme.Color(name, v)
}

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xff}
}

func alpha(hex uint32, a uint8) color.NRGBA {
	c := rgb(hex)
	c.A = a
	return c
}

var darkColours = map[fyne.ThemeColorName]color.Color{
	theme.ColorNameBackground:          piecemap.Dark.Background,
	theme.ColorNameForeground:          rgb(0xE4E7EB),
	theme.ColorNamePlaceHolder:         rgb(0x9AA3AE),
	theme.ColorNameDisabled:            rgb(0x8A929D),
	theme.ColorNameHeaderBackground:    rgb(0x23262B),
	theme.ColorNameMenuBackground:      rgb(0x282C32),
	theme.ColorNameOverlayBackground:   rgb(0x24272C),
	theme.ColorNameInputBackground:     rgb(0x2A2E34),
	theme.ColorNameInputBorder:         rgb(0x4A525C),
	theme.ColorNameButton:              rgb(0x33383F),
	theme.ColorNameDisabledButton:      rgb(0x2A2E33),
	theme.ColorNameSeparator:           rgb(0x33383F),
	theme.ColorNameHover:               alpha(0xFFFFFF, 0x12),
	theme.ColorNamePressed:             alpha(0xFFFFFF, 0x24),
	theme.ColorNamePrimary:             rgb(0x56B4E9),
	theme.ColorNameForegroundOnPrimary: rgb(0x0B1620),
	theme.ColorNameHyperlink:           rgb(0x56B4E9),
	theme.ColorNameFocus:               alpha(0x56B4E9, 0x80),
	theme.ColorNameSelection:           alpha(0x56B4E9, 0x40),
	theme.ColorNameScrollBar:           alpha(0xFFFFFF, 0x50),
	theme.ColorNameError:               rgb(0xFF8A5C),
	theme.ColorNameWarning:             rgb(0xE6A93A),
	theme.ColorNameSuccess:             rgb(0x4CC9A0),
	theme.ColorNameShadow:              alpha(0x000000, 0x80),
}

var lightColours = map[fyne.ThemeColorName]color.Color{
	theme.ColorNameBackground:          piecemap.Light.Background,
	theme.ColorNameForeground:          rgb(0x1F2328),
	theme.ColorNamePlaceHolder:         rgb(0x626B76),
	theme.ColorNameDisabled:            rgb(0x6C7580),
	theme.ColorNameHeaderBackground:    rgb(0xF3F5F7),
	theme.ColorNameMenuBackground:      rgb(0xFFFFFF),
	theme.ColorNameOverlayBackground:   rgb(0xFFFFFF),
	theme.ColorNameInputBackground:     rgb(0xF3F5F7),
	theme.ColorNameInputBorder:         rgb(0xC3CAD2),
	theme.ColorNameButton:              rgb(0xE9ECEF),
	theme.ColorNameDisabledButton:      rgb(0xF0F2F4),
	theme.ColorNameSeparator:           rgb(0xDCE0E5),
	theme.ColorNameHover:               alpha(0x000000, 0x0C),
	theme.ColorNamePressed:             alpha(0x000000, 0x1C),
	theme.ColorNamePrimary:             rgb(0x0069A6),
	theme.ColorNameForegroundOnPrimary: rgb(0xFFFFFF),
	theme.ColorNameHyperlink:           rgb(0x0069A6),
	theme.ColorNameFocus:               alpha(0x0072B2, 0x60),
	theme.ColorNameSelection:           alpha(0x0072B2, 0x2C),
	theme.ColorNameScrollBar:           alpha(0x000000, 0x50),
	theme.ColorNameError:               rgb(0xB93A00),
	theme.ColorNameWarning:             rgb(0x8A5A00),
	theme.ColorNameSuccess:             rgb(0x00734F),
	theme.ColorNameShadow:              alpha(0x000000, 0x50),
}
