package transfer

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
		if path == "piecewise/engine" || path == "github.com/anacrolix/torrent" {
			t.Errorf("imports %s", path)
		}
		for _, never := range []string{"fyne.io", "piecewise/ui"} {
			if strings.HasPrefix(path, never) {
				t.Errorf("imports %s", path)
			}
		}
	}
}
