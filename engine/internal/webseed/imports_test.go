package webseed

import (
	"go/build"
	"strings"
	"testing"
)

func TestImports(t *testing.T) {
	p, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range p.Imports {
		for _, never := range []string{"fyne.io", "piecewise/ui", "github.com/anacrolix"} {
			if strings.HasPrefix(path, never) {
				t.Errorf("imports %s", path)
			}
		}
		if strings.HasPrefix(path, "piecewise/") && path != "piecewise/engine/internal/plane" && path != "piecewise/engine/internal/wire" {
			t.Errorf("imports %s", path)
		}
	}
}
