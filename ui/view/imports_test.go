package view

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
		if strings.Contains(path, "fyne") || strings.HasPrefix(path, "piecewise/engine/") || strings.Contains(path, "anacrolix") {
			t.Errorf("view must not import %s", path)
		}
	}
}
