// Package assets holds what is drawn once and shipped inside the program. The
// PNG files beside it are renders of icon.svg for places that take no SVG.
package assets

import (
	_ "embed"

	"fyne.io/fyne/v2"
)

//go:embed icon.svg
var iconSVG []byte

//go:embed icons/256.png
var iconPNG []byte

// Icon is the application's icon as SVG, for everything inside the window.
var Icon fyne.Resource = fyne.NewStaticResource("io.github.piecewise.Piecewise.svg", iconSVG)

// AppIcon is the same as a PNG of 256 × 256 pixels, for fyne.App.SetIcon: the
// window system and notifications want pixels.
var AppIcon fyne.Resource = fyne.NewStaticResource("io.github.piecewise.Piecewise.png", iconPNG)
