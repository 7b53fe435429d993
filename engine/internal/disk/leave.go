package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Finish removes what the move left behind: the old files that were copied, unless
// somebody changed them since, and the torrent's folders that are empty now. What
// else is in them stays. It is called once the new folder is recorded and synced.
func (d *Moved) Finish() error {
	if d.m == nil {
		return nil
	}
	m := d.m
	m.hold.end()
	var stay int
	var last error
	var names []string
	for _, s := range m.placed {
		names = append(names, s.name)
		was := m.copied[s.file]
		if was == nil || slices.Contains(m.strangers, s.file) {
			continue
		}
		path := filepath.Join(s.dir, s.name)
		if err := removeSame(path, was); err != nil {
			stay, last = stay+1, err
		}
	}
	sweep(m.from, names)
	if last != nil {
		return fmt.Errorf("%d of the old files stay in %s: %w", stay, m.from, last)
	}
	return nil
}

// removeSame removes a file that is as it was.
func removeSame(path string, was os.FileInfo) error {
	now, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return refused("look at", path, err)
	}
	if !os.SameFile(now, was) || now.Size() != was.Size() || !now.ModTime().Equal(was.ModTime()) {
		return fmt.Errorf("%s was changed meanwhile", path)
	}
	if err := os.Remove(path); err != nil {
		return refused("remove", path, err)
	}
	return nil
}

// sweep removes the folders of files that are empty.
func sweep(dir string, names []string) {
	root, err := openRoot(dir)
	if err != nil {
		return // it has gone, or its disk
	}
	defer root.Close()
	removeEmpty(root, names)
}

// Leftover does what Moved.Finish does, for a move that was recorded before a crash:
// it removes from the folder from what is, byte for byte, in the torrent's files by
// now, save the files of strangers that were copied, by their indices. The options
// say where the files are now. It may take as long as reading them.
func Leftover(o Options, from, key string, copied []int) error {
	t, err := newTable(o, o.Dir)
	if err == nil {
		err = o.Layout.check()
	}
	if err != nil {
		return err
	}
	holding{o.Dir, key}.end()
	old, err := openRoot(from)
	if err != nil {
		return nil //nolint:nilerr // nothing is left there, or its disk is gone
	}
	defer old.Close()
	var names []string
	for i, f := range o.Layout.Files {
		if f.Pad || slices.Contains(copied, i) {
			continue
		}
		for _, part := range []bool{false, true} {
			name := name{t.name(i).base, part}.String()
			names = append(names, name)
			if same, err := t.holds(i, old, name); err != nil || !same {
				continue
			}
			if err := old.Remove(name); err != nil {
				return refused("remove", filepath.Join(from, name), err)
			}
		}
	}
	removeEmpty(old, names)
	return nil
}

// holds reports whether file i has all that is in an old copy of it, but for blocks
// of zeros, which were not downloaded when it was made.
func (t *table) holds(i int, old *os.Root, name string) (bool, error) {
	a, err := openAt(place{old.Name(), name}, os.O_RDONLY)
	if err != nil {
		return false, err
	}
	defer a.Close()
	b, err := openAt(t.place(i, t.name(i)), os.O_RDONLY)
	if err != nil {
		return false, err
	}
	defer b.Close()
	if x, err := a.Stat(); err != nil {
		return false, err
	} else if y, err := b.Stat(); err != nil || os.SameFile(x, y) {
		return false, err
	}
	zeros := make([]byte, 16<<10) // a block
	was, now := make([]byte, len(zeros)), make([]byte, len(zeros))
	for {
		n, err := io.ReadFull(a, was)
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return false, err
		}
		m, err := io.ReadFull(b, now[:n])
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return false, err
		}
		if !bytes.Equal(was[:n], zeros[:n]) && !bytes.Equal(was[:n], now[:m]) {
			return false, nil
		}
	}
}
