package format

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
		if strings.Contains(path, "fyne") || strings.HasPrefix(path, "piecewise/") || strings.Contains(path, "anacrolix") {
			t.Errorf("format must not import %s", path)
		}
	}
}
