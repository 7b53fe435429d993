package dht

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
		if strings.HasPrefix(path, "piecewise/") || strings.HasPrefix(path, "fyne.io") || strings.HasPrefix(path, "github.com/anacrolix/dht") || path == "github.com/anacrolix/torrent" {
			t.Errorf("imports %s", path)
		}
	}
}
