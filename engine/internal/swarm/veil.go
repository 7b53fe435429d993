package swarm

import (
	"context"

	"github.com/anacrolix/torrent/metainfo"
	"github.com/anacrolix/torrent/storage"
)

// veil is the storage that the library gets of an opaque torrent. It would compute
// the length of any piece that it believes to be missing, and panic. So it hears that
// the first one is ours, which makes it dial and accept, and of the others nothing.
type veil struct{ storage.ClientImpl }

// OpenTorrent implements storage.ClientImpl.
func (v veil) OpenTorrent(ctx context.Context, info *metainfo.Info, hash metainfo.Hash) (storage.TorrentImpl, error) {
	t, err := v.ClientImpl.OpenTorrent(ctx, info, hash)
	inner := t.Piece
	t.Piece = func(p metainfo.Piece) storage.PieceImpl { return veiled{inner(p), p.Index()} }
	return t, err
}

type veiled struct {
	storage.PieceImpl
	index int
}

// Completion implements storage.PieceImpl.
func (v veiled) Completion() storage.Completion {
	return storage.Completion{Ok: v.index == 0, Complete: v.index == 0}
}
