package ui

import (
	"go/build"
	"strings"
	"testing"
)

func TestImports(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pkg.Imports {
		if path == "fyne.io/fyne/v2/app" || strings.HasPrefix(path, "piecewise/engine/") || strings.Contains(path, "anacrolix") {
			t.Errorf("ui must not import %s", path)
		}
	}
}
