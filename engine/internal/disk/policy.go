package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"piecewise/engine/internal/plane"
)

// Policy is how files are made.
type Policy struct {
	Suffix   bool // files have ".part" behind their name until they are complete
	Allocate bool // Finish gives wanted files all their room on the disk, where the file system can
}

// SetPolicy says how files are made from now on. It touches no disk.
func (t *Torrent) SetPolicy(p Policy) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.policy = p
}

// Complete gives the files all of whose pieces are among have their names without
// suffix, when their bytes are on the disk. A file whose name has been taken by something
// else keeps the suffix, and the error says so; it is told once, until the torrent is
// opened again.
func (t *Torrent) Complete(have plane.Bits) error {
	files := t.toComplete(have)
	if len(files) == 0 {
		return nil
	}
	errs := []error{t.Sync()}
	for some := range slices.Chunk(files, namesAtOnce) {
		errs = append(errs, t.complete(some)...)
	}
	if err := t.dropSpare(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// toComplete returns the files that have the suffix, though all is there.
func (t *Torrent) toComplete(have plane.Bits) []int {
	t.mu.Lock()
	defer t.mu.Unlock()
	var files []int
	for i, n := range t.table.names {
		if n.part && t.owners[i] == ours && !t.stuck[i] && t.layout.full(i, have.Has) {
			files = append(files, i)
		}
	}
	slices.Sort(files)
	return files
}

// namesAtOnce is how many files get their names while others that must be made wait.
const namesAtOnce = 32

// complete gives files their names, those of them all of whose bytes are on the disk.
func (t *Torrent) complete(files []int) (failed []error) {
	t.creating.Lock()
	defer t.creating.Unlock()
	var names naming
	defer names.close()
	for _, i := range files {
		t.mu.Lock()
		n, dirty := t.table.name(i), t.dirty[i]
		from := t.table.place(i, n)
		t.mu.Unlock()
		switch {
		case dirty:
		case n.part && names.rename(from, filepath.Base(n.base)):
			t.mu.Lock()
			t.call(i, name{base: n.base})
			t.folders[filepath.Dir(from.full())] = true
			t.mu.Unlock()
		default:
			if err := t.completeSlowly(i, n); err != nil {
				failed = append(failed, err)
			}
		}
	}
	return failed
}

// completeSlowly gives a file its name where that takes more than one call, or finds out
// why it cannot have it. t.creating must be held.
func (t *Torrent) completeSlowly(i int, n name) error {
	err := t.rename(i, name{base: n.base})
	if err == nil {
		return nil
	}
	t.mu.Lock()
	t.stuck[i] = true
	t.mu.Unlock()
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is complete but keeps its name, for there is another file without %q: %w", t.full(i), partSuffix, err)
	}
	return err
}
