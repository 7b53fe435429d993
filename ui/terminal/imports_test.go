package terminal

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
		if strings.Contains(path, "fyne") || strings.Contains(path, "engine/internal") || strings.Contains(path, "anacrolix") {
			t.Errorf("terminal must not import %s", path)
		}
	}
}
