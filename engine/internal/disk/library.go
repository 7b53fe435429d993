package disk

import (
	"context"
	"errors"

	"github.com/anacrolix/torrent/metainfo"
	"github.com/anacrolix/torrent/storage"
)

// Storage returns the torrent as the library's storage, for this torrent only:
// which pieces are verified, and their bytes. It takes no blocks. The library may
// close it; that closes nothing here.
func (t *Torrent) Storage() storage.ClientImpl { return client{t} }

type client struct{ t *Torrent }

// OpenTorrent implements storage.ClientImpl. It returns at once.
func (c client) OpenTorrent(_ context.Context, info *metainfo.Info, _ metainfo.Hash) (storage.TorrentImpl, error) {
	if info.PieceLength != c.t.layout.PieceLength || info.NumPieces() != c.t.layout.Pieces {
		return storage.TorrentImpl{}, errors.New("open storage: it is another torrent's")
	}
	return storage.TorrentImpl{
		Piece: func(p metainfo.Piece) storage.PieceImpl { return libraryPiece{c.t, p} },
		Close: func() error { return nil },
	}, nil
}

// libraryPiece is one piece as the library sees it.
type libraryPiece struct {
	t    *Torrent
	info metainfo.Piece
}

var errReadOnly = errors.New("the library carries no blocks")

func (p libraryPiece) ReadAt(b []byte, off int64) (int, error) {
	return p.t.ReadAt(b, p.info.Offset()+off)
}

func (libraryPiece) WriteAt([]byte, int64) (int, error) { return 0, errReadOnly }
func (libraryPiece) MarkComplete() error                { return errReadOnly }
func (libraryPiece) MarkNotComplete() error             { return errReadOnly }

func (p libraryPiece) Completion() storage.Completion {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	return storage.Completion{Ok: true, Complete: p.t.have.Has(p.info.Index())}
}
