package engine

import "piecewise/engine/internal/disk"

// files says what and where the torrent's files are; its metadata must be known. The
// result shares memory with the record, which is never changed in place.
func (t *torrent) files() disk.Options {
	return disk.Options{Dir: t.rec.Dir, Layout: layoutOf(t.meta), Names: t.rec.Names, Foreign: t.rec.Foreign}
}
