package disk

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// copyFile copies file i, or what was written to it since it was copied.
func (m *mover) copyFile(ctx context.Context, i int) error {
	if m.copied[i] != nil && !m.rewrites.any(i) {
		return nil
	}
	hold, err := m.hold.open()
	if err != nil {
		return err
	}
	defer hold.Close()
	from, err := m.openSource(i)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return refused("look at", from.Name(), err)
	}
	if m.copied[i] == nil && m.hold.has(i, info) {
		m.copied[i], m.dated[i] = info, true // from before a crash
	}
	to, err := m.openCopy(hold, i)
	if err != nil {
		return err
	}
	defer to.Close()
	if err := m.copyChunks(ctx, i, from, to, info); err != nil {
		return err
	}
	return m.finishCopy(from, to, i, info)
}

// openSource opens file i where it is; it may get another name just then.
func (m *mover) openSource(i int) (*os.File, error) {
	for {
		at := m.t.place(i)
		f, err := openAt(at, os.O_RDONLY)
		if err == nil || !errors.Is(err, fs.ErrNotExist) || m.t.place(i) == at {
			return f, err
		}
	}
}

// openCopy opens the copy of file i, and makes it anew unless it is to be changed only.
func (m *mover) openCopy(hold *os.Root, i int) (*os.File, error) {
	flag, name := os.O_RDWR, strconv.Itoa(i)
	if m.copied[i] == nil {
		flag |= os.O_CREATE | os.O_EXCL
		if err := hold.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, refused("remove", filepath.Join(hold.Name(), name), err)
		}
	}
	f, err := hold.OpenFile(name, flag, 0o666)
	if err != nil {
		return nil, refused("create", filepath.Join(hold.Name(), name), err)
	}
	return f, nil
}

func (m *mover) copyChunks(ctx context.Context, i int, from, to *os.File, info os.FileInfo) error {
	chunks := m.rewrites.take(i)
	fresh := m.copied[i] == nil
	switch {
	case fresh && !m.across && clone(from, to): // the file system lets the copy share its bytes
		m.progress.done.Add(info.Size())
		return nil
	case fresh:
		chunks = chunks[:0]
		for n := int64(0); n*copyChunk < info.Size(); n++ {
			chunks = append(chunks, n)
		}
	default:
		for _, n := range chunks {
			m.progress.total.Add(max(0, min(copyChunk, info.Size()-n*copyChunk)))
		}
	}
	err := m.copier.chunks(ctx, from, to, chunks, fresh)
	if err != nil && !fresh {
		for _, n := range chunks { // still to be copied, should somebody try again
			m.rewrites.wrote(i, n*copyChunk, 1)
		}
	}
	return err
}

// quiet is how long a file must not have changed for its time to say that it has not
// changed since.
const quiet = 2 * time.Second

// finishCopy makes a copy as long as the file was, and as old once nobody writes to
// it: that says, after a crash, that it is whole.
func (m *mover) finishCopy(from, to *os.File, i int, info os.FileInfo) error {
	now, err := from.Stat()
	if err != nil {
		return refused("look at", from.Name(), err)
	}
	if err := to.Truncate(now.Size()); err != nil {
		return refused("write", to.Name(), err)
	}
	_ = to.Chmod(info.Mode().Perm()) // some file systems have none
	if err := to.Sync(); err != nil {
		return refused("sync", to.Name(), err)
	}
	m.copied[i] = now
	m.dated[i] = now.ModTime().Equal(info.ModTime()) && time.Since(now.ModTime()) > quiet &&
		os.Chtimes(to.Name(), now.ModTime(), now.ModTime()) == nil
	return nil
}
