package wire

import (
	"go/build"
	"slices"
	"strings"
	"testing"
)

func TestImports(t *testing.T) {
	p, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{"golang.org/x/sys/unix", "piecewise/engine/internal/plane", "piecewise/engine/internal/route"}
	for _, path := range p.Imports {
		if strings.Contains(path, ".") && !slices.Contains(allowed, path) || strings.HasPrefix(path, "piecewise/") && !slices.Contains(allowed, path) {
			t.Errorf("imports %s", path)
		}
	}
}
