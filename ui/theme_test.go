package ui

import (
	"image/color"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"piecewise/ui/piecemap"
)

func opaque(t *testing.T, c color.Color) color.Color {
	t.Helper()
	if _, _, _, a := c.RGBA(); a != 0xffff {
		t.Fatalf("%v is not opaque", c)
	}
	return c
}

func TestTextCanBeRead(t *testing.T) {
	texts := []fyne.ThemeColorName{
		theme.ColorNameForeground, theme.ColorNamePlaceHolder, theme.ColorNamePrimary, theme.ColorNameHyperlink,
		theme.ColorNameError, theme.ColorNameWarning, theme.ColorNameSuccess,
	}
	backs := []fyne.ThemeColorName{
		theme.ColorNameBackground, theme.ColorNameHeaderBackground, theme.ColorNameMenuBackground,
		theme.ColorNameOverlayBackground, theme.ColorNameInputBackground,
	}
	th := newTheme()
	for name, v := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		for _, text := range texts {
			for _, back := range backs {
				got := piecemap.Contrast(opaque(t, th.Color(text, v)), opaque(t, th.Color(back, v)))
				if got < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.1f", name, text, back, got)
				}
			}
		}
		// What cannot be done now may be paler, but not invisible.
		if got := piecemap.Contrast(th.Color(theme.ColorNameDisabled, v), th.Color(theme.ColorNameHeaderBackground, v)); got < 3 {
			t.Errorf("%s: disabled text has a contrast of %.1f", name, got)
		}
		if got := piecemap.Contrast(th.Color(theme.ColorNameForegroundOnPrimary, v), th.Color(theme.ColorNamePrimary, v)); got < 4.5 {
			t.Errorf("%s: text on a button has a contrast of %.1f", name, got)
		}
		if got := piecemap.PaletteFor(th.Color(theme.ColorNameBackground, v)); name == "dark" && got != &piecemap.Dark || name == "light" && got != &piecemap.Light {
			t.Errorf("%s: the pictures have the other palette", name)
		}
	}
}
