package piecemap

import (
	"image/color"
	"math"
	"testing"
)

func TestContrast(t *testing.T) {
	for _, c := range []struct {
		a, b color.Color
		want float64
	}{
		{color.White, color.Black, 21},
		{color.White, color.White, 1},
		{rgb(0x767676), color.White, 4.54},
		{rgb(0x0072B2), color.White, 5.19},
	} {
		if got := Contrast(c.a, c.b); math.Abs(got-c.want) > 0.01 {
			t.Errorf("Contrast(%v, %v) = %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

// TestPalettes checks the contrast that WCAG 2.1 asks of marks that mean
// something (1.4.11), also against the backgrounds of Fyne's own themes.
func TestPalettes(t *testing.T) {
	for name, p := range palettes {
		backgrounds := []color.RGBA{p.Background, rgb(0xFFFFFF)}
		if p == &Dark {
			backgrounds[1] = rgb(0x171718)
		}
		for what, pair := range map[string][2]color.RGBA{
			"verified and missing":   {p.Verified, p.Missing},
			"failed and missing":     {p.Failed, p.Missing},
			"edge and background":    {p.Edge, p.Background},
			"verified and the page":  {p.Verified, backgrounds[1]},
			"edge and the page":      {p.Edge, backgrounds[1]},
			"verified on background": {p.Verified, p.Background},
		} {
			if got := Contrast(pair[0], pair[1]); got < 3 {
				t.Errorf("%s: contrast of %s is %.2f, want 3", name, what, got)
			}
		}
		for i, c := range p.Categories {
			for _, b := range backgrounds {
				if got := Contrast(c, b); got < 3 {
					t.Errorf("%s: contrast of category %d is %.2f, want 3", name, i, got)
				}
			}
			if got := Contrast(c, p.Missing); got < 2.2 {
				t.Errorf("%s: contrast of category %d and missing is %.2f", name, i, got)
			}
		}
		marks := []color.RGBA{p.Missing, p.Requested, p.Partial, p.Verified, p.Arrived, p.Failed}
		for i, a := range marks {
			for _, b := range marks[:i] {
				if d := distance(a, b); d < 60 {
					t.Errorf("%s: %v and %v are only %d apart", name, a, b, d)
				}
			}
		}
	}
}

func TestPaletteFor(t *testing.T) {
	for hex, want := range map[uint32]*Palette{0xFFFFFF: &Light, 0xF0F0F0: &Light, 0x171718: &Dark, 0x303030: &Dark} {
		if got := PaletteFor(rgb(hex)); got != want {
			t.Errorf("PaletteFor(%06X) is not as it should be", hex)
		}
	}
}

func TestCategory(t *testing.T) {
	if Light.Category(0) != Light.Category(7) || Light.Category(-1) != Light.Category(6) || Light.Category(0) == Light.Category(1) {
		t.Error("the colours of peers do not repeat after seven")
	}
}
