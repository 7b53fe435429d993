package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/dustin/go-humanize"
)

// ErrCancelled, as the cause of a context's end, makes Move take back what it did.
// Any other end of the context leaves what was copied for the next Move to the same
// folder.
var ErrCancelled = errors.New("the move was cancelled")

// InTheWayError is returned by Move when something that is not the torrent's has
// the place of one of its files in the new folder. It was not touched, and the
// torrent is where it was.
type InTheWayError struct {
	Path string // full path
}

func (e *InTheWayError) Error() string {
	return fmt.Sprintf("%s is already there and is not overwritten", e.Path)
}

// RoomError is returned by Move, and by Finish if files get their room at once, when a
// folder has too little. It is ENOSPC.
type RoomError struct {
	Dir        string
	Need, Free int64 // bytes
}

func (e *RoomError) Unwrap() error { return syscall.ENOSPC }

func (e *RoomError) Error() string {
	return fmt.Sprintf("%s has room for %s, and %s are needed", e.Dir, humanize.Bytes(uint64(e.Free)), humanize.Bytes(uint64(e.Need)))
}

// Moved is what a move leaves to be done once the new folder is recorded.
type Moved struct {
	From   string // full path of the old folder
	Copied []int  // files of strangers that were copied and stay there

	m *mover // nil if nothing is to be done
}

// Move takes the torrent's files to another folder, to, which is made if it is not
// there; reads, writes and Sync go on meanwhile. It returns when the files are in
// their new places and used there.
//
// On one file system files get another name, all or none. To another file system
// they are copied, synced, read again and compared, below a hidden folder in to that
// is named after key; then all of them get their places at once. Blocks that are
// written meanwhile are copied again, so that nothing is lost. The old files stay
// whole until Moved.Finish, which is called when the new folder is recorded.
//
// Files of strangers are copied if the torrent has pieces in them, and stay where
// they are in any case; the copies are ours. What has the place of a file in to is
// never replaced: then nothing is moved, and the error is an *InTheWayError. If it
// is too large it is a *RoomError. A file system that fails leaves the torrent where
// it was.
//
// After a crash the torrent is opened with Options.Moving, and Move goes on with
// what was copied.
func (t *Torrent) Move(ctx context.Context, to, key string, p *Progress) (*Moved, error) {
	t.moving.Lock()
	defer t.moving.Unlock()
	if t.closed.Load() {
		return nil, ErrClosed
	}
	m, err := newMover(t, to, key, p)
	if err != nil {
		return nil, err
	}
	if sameFolder(m.from, m.to) && !t.divided() {
		return &Moved{From: m.from}, t.SetDir(m.to)
	}
	if err = m.prepare(); err == nil {
		err = m.move(ctx)
	}
	if err != nil {
		if ctx.Err() == nil || errors.Is(context.Cause(ctx), ErrCancelled) {
			m.undo()
		}
		return nil, err
	}
	return &Moved{From: m.from, Copied: m.strangers, m: m}, nil
}

// sameFolder reports whether two paths lead to one folder.
func sameFolder(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// divided reports whether files are below more than one folder.
func (t *Torrent) divided() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.table.away) > 0
}

// mover moves a torrent's files once.
type mover struct {
	t        *Torrent
	from, to string // full paths of folders
	hold     holding
	progress *Progress
	copier   *copier
	rewrites *rewrites
	across   bool                // our files are copied too
	copied   map[int]os.FileInfo // files that were copied, as they were then
	dated    map[int]bool        // whose copies are as old as they
	placed   []step              // in order
	made     []string            // full paths of folders that were made in to, in order
	known    map[string]bool     // folders that are there

	strangers []int
}

// step is one file on its way to its new place.
type step struct {
	file int
	dir  string // that it was below
	from place  // it, or its copy
	name string // in the new folder

	stamp Stamp // there
}

func newMover(t *Torrent, to, key string, p *Progress) (*mover, error) {
	to, err := filepath.Abs(to)
	if err != nil {
		return nil, fmt.Errorf("find folder: %w", err)
	}
	return &mover{
		t: t, from: t.Dir(), to: to, hold: holding{to, key}, progress: p, copier: newCopier(p), rewrites: newRewrites(),
		copied: make(map[int]os.FileInfo), dated: make(map[int]bool), known: make(map[string]bool),
	}, nil
}

// prepare looks whether the files can go to their new places, and makes the folder.
func (m *mover) prepare() error {
	if err := m.makeFolder(m.to); err != nil {
		return err
	}
	if err := m.hold.takeBack(m.t); err != nil {
		return err
	}
	if err := m.lookForStrangers(); err != nil {
		return err
	}
	from, err := Device(m.from)
	if err != nil {
		return err
	}
	to, err := Device(m.to)
	m.across = from != to
	return err
}

// lookForStrangers fails if anything has the place of a file, or would have it when
// the file is complete or while it is not.
func (m *mover) lookForStrangers() error {
	root, err := openRoot(m.to)
	if err != nil {
		return err
	}
	defer root.Close()
	for i, f := range m.t.layout.Files {
		at, n := m.t.where(i)
		if f.Pad || at.dir == m.to {
			continue
		}
		for _, part := range []bool{false, true} {
			path := name{n.base, part}.String()
			if _, err := root.Lstat(path); err == nil {
				return &InTheWayError{filepath.Join(m.to, path)}
			} else if !errors.Is(err, fs.ErrNotExist) {
				return refused("look at", filepath.Join(m.to, path), err)
			}
		}
	}
	return nil
}

// smallRest is what may be left to copy when writes are held up for it, in bytes.
const smallRest = 32 << 20

// move copies what must be copied, while everything goes on, and then switches over.
func (m *mover) move(ctx context.Context) error {
	m.t.copying.Store(m.rewrites)
	defer m.t.copying.Store(nil)
	for {
		if err := m.copyAll(ctx); err != nil {
			return err
		}
		err := m.switchOver(ctx)
		switch {
		case errors.Is(err, errOtherDisk):
			m.across = true // what looks like one disk is two
		case !errors.Is(err, errChanged):
			return err
		}
	}
}

// copyAll copies until little is left that was written meanwhile. That ends: what
// is verified is not written again.
func (m *mover) copyAll(ctx context.Context) error {
	for {
		files := m.toCopy()
		if err := m.room(files); err != nil {
			return err
		}
		for _, i := range files {
			if err := m.copyFile(ctx, i); err != nil {
				return err
			}
		}
		if len(m.toCopy()) == len(files) && m.rewrites.count() <= smallRest/copyChunk {
			return nil
		}
	}
}

// toCopy returns the files that must be copied: all that are there if they go to
// another file system, else those of strangers that the torrent has pieces in. The
// complete ones, to which nobody writes, come first.
func (m *mover) toCopy() []int {
	t := m.t
	t.mu.Lock()
	defer t.mu.Unlock()
	var files, later []int
	for i, f := range t.layout.Files {
		if f.Pad || t.owners[i] == nobody || t.table.place(i, t.table.name(i)).dir == m.to {
			continue
		}
		need := t.layout.needed(i, t.have.Has)
		switch {
		case t.owners[i] == foreign && need == 0 && f.Length > 0:
		case t.owners[i] != foreign && !m.across:
		case t.layout.full(i, t.have.Has):
			files = append(files, i)
		default:
			later = append(later, i)
		}
	}
	return append(files, later...)
}

// full reports whether all of file i is there.
func (l Layout) full(i int, has func(piece int) bool) bool {
	f := l.Files[i]
	if f.Length == 0 {
		return true
	}
	for p := f.Offset / l.PieceLength; p <= (f.Offset+f.Length-1)/l.PieceLength; p++ {
		if !has(int(p)) {
			return false
		}
	}
	return true
}

// room fails if what is still to be copied has no room.
func (m *mover) room(files []int) error {
	need := int64(0)
	for _, i := range files {
		if m.copied[i] != nil {
			continue
		}
		info, err := os.Lstat(m.t.full(i))
		if err == nil && !m.hold.has(i, info) { // else copyFile tells what is wrong
			need += allocated(info)
			m.progress.total.Add(info.Size())
		}
	}
	if need == 0 {
		return nil
	}
	if free, err := Free(m.to); err == nil && free < need {
		return &RoomError{m.to, need, free}
	}
	return nil
}

// makeFolder makes a folder and those above it, and remembers which it made.
func (m *mover) makeFolder(path string) error {
	var missing []string
	for p := path; ; p = filepath.Dir(p) {
		if _, err := os.Stat(p); err == nil || p == filepath.Dir(p) {
			break
		}
		missing = append(missing, p)
	}
	for _, p := range slices.Backward(missing) {
		if err := os.Mkdir(p, 0o777); err != nil {
			return refused("make folder", p, err)
		}
		m.made = append(m.made, p)
	}
	return nil
}

// undo removes the copies and the folders that were made for the move, as far as
// they are empty.
func (m *mover) undo() {
	m.hold.remove()
	for _, p := range slices.Backward(m.made) {
		_ = os.Remove(p) // fails if something is in it that is not ours
	}
}
