package piecemap

import (
	"image/color"
	"math"
)

// Palette is the table of colours in which pieces are drawn; all are opaque.
// Their hues are those of Okabe and Ito, which people with any kind of colour
// vision can tell apart; they differ in brightness as well.
type Palette struct {
	Background color.RGBA // around and between cells
	Edge       color.RGBA // the outline of a bar
	Missing    color.RGBA
	Requested  color.RGBA
	Partial    color.RGBA
	Verified   color.RGBA
	Arrived    color.RGBA // verified a moment ago
	Failed     color.RGBA

	// Categories tell peers from one another, see Category.
	Categories [7]color.RGBA
}

// Light is the palette on a light background.
var Light = Palette{
	Background: rgb(0xFFFFFF),
	Edge:       rgb(0x858C95),
	Missing:    rgb(0xE1E6EC),
	Requested:  rgb(0xE69F00),
	Partial:    rgb(0x56B4E9),
	Verified:   rgb(0x0072B2),
	Arrived:    rgb(0x00B886),
	Failed:     rgb(0xD55E00),
	Categories: [7]color.RGBA{
		rgb(0x0072B2), rgb(0xC27F00), rgb(0x009E73), rgb(0xB85C90), rgb(0x2E8FC7), rgb(0xD55E00), rgb(0x8F8600),
	},
}

// Dark is the palette on a dark background.
var Dark = Palette{
	Background: rgb(0x1B1D21),
	Edge:       rgb(0x747C88),
	Missing:    rgb(0x3B424B),
	Requested:  rgb(0xE69F00),
	Partial:    rgb(0x1F7DB8),
	Verified:   rgb(0x56B4E9),
	Arrived:    rgb(0x7DF2C8),
	Failed:     rgb(0xE8641B),
	Categories: [7]color.RGBA{
		rgb(0x56B4E9), rgb(0xE69F00), rgb(0x00B886), rgb(0xCC79A7), rgb(0x2E8BC9), rgb(0xE8641B), rgb(0xF0E442),
	},
}

// PaletteFor returns the palette to be used on a background.
func PaletteFor(background color.Color) *Palette {
	if luminance(background) < 0.18 {
		return &Dark
	}
	return &Light
}

// Category returns the colour of peer i; they repeat after seven.
func (p *Palette) Category(i int) color.RGBA {
	n := len(p.Categories)
	return p.Categories[(i%n+n)%n]
}

// Contrast returns the contrast ratio of two opaque colours as WCAG 2.1 defines
// it, from 1 to 21.
func Contrast(a, b color.Color) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

func linear(v uint32) float64 {
	s := float64(v) / 0xFFFF
	if s <= 0.04045 {
		return s / 12.92
	}
	return math.Pow((s+0.055)/1.055, 2.4)
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xFF}
}
