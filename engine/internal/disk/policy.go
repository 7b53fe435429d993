package disk

import (
	"errors"
	"fmt"
	"io/fs"
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
	for _, i := range files {
		if !t.isDirty(i) {
			errs = append(errs, t.complete(i))
		}
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

// isDirty reports whether something in a file may not be on the disk yet.
func (t *Torrent) isDirty(i int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dirty[i]
}

// complete gives a file its name, all of whose bytes are on the disk.
func (t *Torrent) complete(i int) error {
	t.creating.Lock()
	defer t.creating.Unlock()
	t.mu.Lock()
	n := t.table.name(i)
	t.mu.Unlock()
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
