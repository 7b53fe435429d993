package assets

import (
	"bytes"
	"fmt"
	"go/build"
	"image"
	_ "image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"
)

func TestImports(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pkg.Imports {
		if path == "fyne.io/fyne/v2/app" || strings.HasPrefix(path, "piecewise/") {
			t.Errorf("assets imports %s", path)
		}
	}
}

func TestIconsHaveTheirSize(t *testing.T) {
	names, err := filepath.Glob("icons/*.png")
	if err != nil || len(names) < 8 {
		t.Fatalf("found %q, %v", names, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c, format, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want := fmt.Sprintf("icons/%d.png", c.Width); format != "png" || c.Height != c.Width || name != want {
			t.Errorf("%s is a %s of %d × %d", name, format, c.Width, c.Height)
		}
	}
}

// Fyne's reader of SVG knows less of it than what rendered the PNG files.
func TestFyneDrawsTheIcon(t *testing.T) {
	test.NewTempApp(t)
	icon := canvas.NewImageFromResource(Icon)
	c := software.NewTransparentCanvas()
	c.SetPadded(false)
	c.SetContent(icon)
	c.Resize(icon.MinSize().AddWidthHeight(64, 64))
	img := c.Capture()
	r, g, b, a := img.At(60, 4).RGBA()
	if a>>8 != 0xff || r>>8 < 0xc0 || b>>8 > 0x20 || g>>8 < 0x80 {
		t.Errorf("the arriving piece has colour %02x%02x%02x%02x", r>>8, g>>8, b>>8, a>>8)
	}
	if _, _, _, a := img.At(50, 22).RGBA(); a != 0 {
		t.Error("the place it goes to is not empty")
	}
}
