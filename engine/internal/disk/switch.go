package disk

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// errChanged is returned when another program changed a file after it was copied.
var errChanged = errors.New("the file was changed meanwhile")

// switchOver copies the rest and gives all files their places in the new folder,
// while nobody writes and no file is made. If that fails they get their old places
// back.
func (m *mover) switchOver(ctx context.Context) error {
	t := m.t
	t.syncing.Lock() // it takes stamps of the files that it syncs
	defer t.syncing.Unlock()
	t.gate.Lock()
	defer t.gate.Unlock()
	t.creating.Lock()
	defer t.creating.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := m.lookForStrangers(); err != nil {
		return err
	}
	copies := make(map[int]bool)
	for _, i := range m.toCopy() {
		if err := m.copyRest(context.WithoutCancel(ctx), i); err != nil {
			return err
		}
		copies[i] = true
	}
	if err := m.placeAll(copies); err != nil {
		m.putBack()
		return err
	}
	m.settle()
	return nil
}

// copyRest makes the copy of a file the same in everything.
func (m *mover) copyRest(ctx context.Context, i int) error {
	now, err := os.Lstat(m.t.full(i))
	if err != nil {
		return refused("look at", m.t.full(i), err)
	}
	was := m.copied[i]
	if was != nil && !m.rewrites.any(i) && (now.Size() != was.Size() || !now.ModTime().Equal(was.ModTime())) {
		delete(m.copied, i)
		return errChanged
	}
	if err := m.copyFile(ctx, i); err != nil {
		return err
	}
	if m.dated[i] {
		return nil
	}
	path, was := filepath.Join(m.to, m.hold.waiting(), strconv.Itoa(i)), m.copied[i]
	_ = os.Chtimes(path, was.ModTime(), was.ModTime()) // it says nothing that is relied on from now on
	return nil
}

// placeAll gives files, or their copies, their new places.
func (m *mover) placeAll(copies map[int]bool) error {
	if err := m.hold.begin(copies); err != nil {
		return err
	}
	roots := make(rootSet)
	defer roots.close()
	to, err := roots.open(m.to)
	if err != nil {
		return err
	}
	for i := range m.t.layout.Files {
		at := m.t.place(i)
		s := step{file: i, dir: at.dir, from: at, name: at.name}
		switch owner := m.t.owner(i); {
		case m.t.layout.Files[i].Pad || owner == nobody || at.dir == m.to:
			continue
		case copies[i]:
			s.from = place{filepath.Join(m.to, m.hold.placing()), strconv.Itoa(i)}
		case owner == foreign: // with nothing of the torrent's in it
			continue
		}
		from, err := roots.open(s.from.dir)
		if err == nil {
			err = m.place(from, to, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// place gives a file its new place, from now on for reads too.
func (m *mover) place(from, to *os.Root, s step) error {
	if err := m.makeBelow(to, filepath.Dir(s.name)); err != nil {
		return err
	}
	err := renameTo(from, s.from.name, to, s.name)
	if errors.Is(err, fs.ErrExist) {
		return &InTheWayError{filepath.Join(m.to, s.name)}
	}
	if err != nil {
		return err
	}
	if info, err := to.Lstat(s.name); err == nil {
		s.stamp = stampOf(info)
	}
	m.placed = append(m.placed, s)
	m.t.setFolder(s.file, m.to)
	return nil
}

// makeBelow makes a folder below the new one.
func (m *mover) makeBelow(to *os.Root, folder string) error {
	if folder == "." || m.known[folder] {
		return nil
	}
	if err := m.makeBelow(to, filepath.Dir(folder)); err != nil {
		return err
	}
	err := to.Mkdir(folder, 0o777)
	if err == nil {
		m.made = append(m.made, filepath.Join(m.to, folder))
	} else if !errors.Is(err, fs.ErrExist) {
		return refused("make folder", filepath.Join(m.to, folder), err)
	}
	m.known[folder] = true
	return nil
}

// putBack gives the files that have a new place their old one back, and copies
// theirs among those that wait.
func (m *mover) putBack() {
	roots := make(rootSet)
	defer roots.close()
	for _, s := range slices.Backward(m.placed) {
		to, err := roots.open(m.to)
		if err != nil {
			return // the disk is gone: the files are found in either folder when it is back
		}
		from, err := roots.open(s.from.dir)
		if err == nil {
			err = renameTo(to, s.name, from, s.from.name)
		}
		if err == nil || s.from.dir != s.dir { // of a copy the file itself is where it was
			m.t.setFolder(s.file, s.dir)
		}
	}
	m.placed = nil
	clear(m.known)
	m.hold.giveUp()
}

// settle notes that the new folder is the torrent's.
func (m *mover) settle() {
	t := m.t
	t.see(m.to)
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, owner := range t.owners {
		if owner == foreign {
			t.owners[i], t.stamps[i] = nobody, Stamp{Size: -1}
		}
	}
	for _, s := range m.placed {
		if t.owners[s.file] == nobody {
			m.strangers = append(m.strangers, s.file)
		}
		t.owners[s.file], t.stamps[s.file] = ours, s.stamp
		t.dirty[s.file] = true // for the stamp of a copy is another one
		t.noteEntry(place{m.to, s.name})
	}
	t.table.dir = m.to
	clear(t.table.away)
}

// rootSet is folders that are open, by their full paths.
type rootSet map[string]*os.Root

func (r rootSet) open(dir string) (*os.Root, error) {
	if root := r[dir]; root != nil {
		return root, nil
	}
	root, err := openRoot(dir)
	if err == nil {
		r[dir] = root
	}
	return root, err
}

func (r rootSet) close() {
	for _, root := range r {
		root.Close()
	}
}
