package create

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Torrent is what Make has made.
type Torrent struct {
	Raw         []byte // the .torrent file
	PieceLength int64
	Pieces      int
	V1          [20]byte // the info hashes; zero if it has none of the kind
	V2          [32]byte
}

// Make hashes the files and makes the .torrent file. It blocks until all is read or
// ctx ends, no later than after a quarter of a MiB a processor. progress, if not
// nil, is told how many bytes of Size were read, ten times a second at most, by
// one goroutine at a time. The error is ctx's, a *ChangedError, or a sentence about
// the options or a file.
func (f *Files) Make(ctx context.Context, o Options, progress func(done int64)) (*Torrent, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.PieceLength == 0 {
		o.PieceLength = Automatic(f.Size)
	}
	l := f.layOut(o.Format, o.PieceLength)
	if err := f.check(&l); err != nil {
		return nil, err
	}
	if err := f.hash(ctx, &l, o.Format != V2, progress); err != nil {
		return nil, err
	}
	info := f.infoOf(&o, &l)
	t := &Torrent{Raw: metainfo(info, &o, &l), PieceLength: o.PieceLength, Pieces: l.pieces.Count()}
	if o.Format != V2 {
		t.V1 = sha1.Sum(info)
	}
	if o.Format != V1 {
		t.V2 = sha256.Sum256(info)
	}
	return t, nil
}

// hash fills in the hashes of the pieces.
func (f *Files) hash(ctx context.Context, l *layout, v1 bool, progress func(int64)) error {
	dirs, err := openFolders(f.base)
	if err != nil {
		return f.failed(".", err)
	}
	defer dirs.close()
	r := newReader(f, dirs, l.offsets, progress)
	defer r.close()
	if err := l.pieces.Make(ctx, r, v1); err != nil {
		if changed := (*ChangedError)(nil); errors.As(err, &changed) {
			return changed
		}
		return err
	}
	return f.unchanged(ctx, dirs)
}

// unchanged makes sure that every file is still what it was.
func (f *Files) unchanged(ctx context.Context, dirs *folders) error {
	for i := range f.List {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		info, err := dirs.lstat(f.List[i].open)
		if err != nil {
			return f.failed(f.List[i].open, err)
		}
		if !f.List[i].is(info) {
			return &ChangedError{Path: f.Full(i)}
		}
	}
	return nil
}

// is reports whether a file is as it was found.
func (f *File) is(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && info.Size() == f.Length && info.ModTime().Equal(f.modified)
}

// Full returns the path of a file, by its index in List, as the user knows it.
func (f *Files) Full(i int) string {
	if f.Single {
		return f.Path
	}
	return filepath.Join(f.Path, filepath.Join(f.List[i].Path...))
}

func (f *Files) failed(name string, err error) error {
	path := f.Path
	if !f.Single {
		path = filepath.Join(path, name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &ChangedError{Path: path, Gone: true}
	}
	return fmt.Errorf("%q cannot be read: %w", path, bare(err))
}

// Unchanged reports whether the files are still exactly those that were found.
func (f *Files) Unchanged(ctx context.Context) bool {
	dirs, err := openFolders(f.base)
	if err != nil {
		return false
	}
	defer dirs.close()
	return f.unchanged(ctx, dirs) == nil
}
