package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	g "github.com/anacrolix/generics"
	"github.com/anacrolix/torrent/metainfo"
	"github.com/anacrolix/torrent/storage"
)

// hashBuffer is how many bytes the library hashes at a time.
const hashBuffer = 256 << 10

var hashBuffers = sync.Pool{New: func() any { return new([hashBuffer]byte) }}

// Storage returns the torrent as the library's storage, for this torrent only.
// The library may close it; that closes nothing here.
func (t *Torrent) Storage() storage.ClientImpl { return client{t} }

type client struct{ t *Torrent }

// OpenTorrent implements storage.ClientImpl. It returns at once.
func (c client) OpenTorrent(_ context.Context, info *metainfo.Info, _ metainfo.Hash) (storage.TorrentImpl, error) {
	if info.PieceLength != c.t.layout.PieceLength || info.NumPieces() != c.t.layout.Pieces {
		return storage.TorrentImpl{}, errors.New("open storage: it is another torrent's")
	}
	piece := func(p metainfo.Piece) storage.PieceImpl { return libraryPiece{c.t, p} }
	return storage.TorrentImpl{
		Piece:         piece,
		PieceWithHash: func(p metainfo.Piece, _ g.Option[[]byte]) storage.PieceImpl { return piece(p) },
		Close:         func() error { return nil },
		NewReader:     func() storage.TorrentReader { return reader(c) },
	}, nil
}

// reader is how the library reads for peers.
type reader struct{ t *Torrent }

func (r reader) ReadAt(b []byte, off int64) (int, error) {
	n, err := r.t.ReadAt(b, off)
	r.t.served.Add(int64(n))
	return n, err
}

func (reader) Close() error { return nil }

// libraryPiece is one piece as the library sees it. Its length is the
// library's: in a hybrid torrent the pad file at its end does not count.
type libraryPiece struct {
	t    *Torrent
	info metainfo.Piece
}

func (p libraryPiece) ReadAt(b []byte, off int64) (int, error) {
	return reader{p.t}.ReadAt(b, p.info.Offset()+off)
}

func (p libraryPiece) WriteAt(b []byte, off int64) (int, error) {
	return p.t.write(p.info.Index(), b, off)
}

// WriteTo implements io.WriterTo, by which the library hashes.
func (p libraryPiece) WriteTo(w io.Writer) (int64, error) {
	buffer := hashBuffers.Get().(*[hashBuffer]byte)
	defer hashBuffers.Put(buffer)
	length, done := p.info.Length(), int64(0)
	for done < length {
		b := buffer[:min(hashBuffer, length-done)]
		if n, err := p.t.ReadAt(b, p.info.Offset()+done); n < len(b) {
			return done, fmt.Errorf("hash piece %d: %w", p.info.Index(), err)
		}
		n, err := w.Write(b)
		done += int64(n)
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

func (p libraryPiece) MarkComplete() error    { return p.mark(true) }
func (p libraryPiece) MarkNotComplete() error { return p.mark(false) }

func (p libraryPiece) mark(ok bool) error {
	p.t.mu.Lock()
	if ok {
		p.t.have.Set(p.info.Index())
	} else {
		p.t.have.Clear(p.info.Index())
	}
	p.t.mu.Unlock()
	if p.t.opts.OnVerified != nil {
		p.t.opts.OnVerified(p.info.Index(), ok)
	}
	return nil
}

func (p libraryPiece) Completion() storage.Completion {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	return storage.Completion{Ok: true, Complete: p.t.have.Has(p.info.Index())}
}
