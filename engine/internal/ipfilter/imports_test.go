package ipfilter

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
		if strings.Contains(path, ".") || strings.HasPrefix(path, "piecewise/") && path != "piecewise/engine/internal/plane" || path == "net" || path == "os" {
			t.Errorf("imports %s", path)
		}
	}
}
