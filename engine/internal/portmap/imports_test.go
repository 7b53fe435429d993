package portmap

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
		if strings.HasPrefix(path, "piecewise/") && path != "piecewise/engine/internal/route" || strings.Contains(path, "anacrolix") || strings.Contains(path, "fyne") {
			t.Errorf("imports %s", path)
		}
	}
}
