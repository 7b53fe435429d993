package engine

import (
	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/webseed"
)

// webFilesOf is what web seeds have to know of a torrent, nil if it has none.
func webFilesOf(g *admit.Torrent) *webseed.Torrent {
	if len(g.WebSeeds) == 0 {
		return nil
	}
	t := &webseed.Torrent{Name: g.RawName, Pieces: g.Pieces(), PieceLength: g.PieceLength, Files: make([]webseed.File, len(g.Files))}
	files := 0
	for i, f := range g.Files {
		file := webseed.File{Offset: f.Offset, Length: f.Length, Pad: f.Pad}
		switch {
		case f.Pad:
		case f.Altered:
			file.Path = f.Raw
		default:
			file.Path = f.Path[1:]
		}
		if !f.Pad {
			files++
			t.Alone = len(f.Path) == 1
		}
		t.Files[i] = file
	}
	t.Alone = t.Alone && files == 1
	return t
}
