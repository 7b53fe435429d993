package route

import (
	"go/build"
	"strings"
	"testing"
)

// Whoever needs the network may build on this package, so it builds on nothing of ours.
func TestImports(t *testing.T) {
	p, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range p.Imports {
		if strings.HasPrefix(i, "piecewise/") || strings.Contains(i, "anacrolix") || strings.Contains(i, "fyne.io") {
			t.Errorf("imports %s", i)
		}
	}
}
