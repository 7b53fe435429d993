package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/disk"
)

// maxTitle is the size of a torrent's title, in bytes.
const maxTitle = 1000

// name returns what the torrent is called: by the user, or by its metainfo.
func (t *torrent) name() string {
	if t.rec.Title != "" {
		return t.rec.Title
	}
	return t.rec.Name
}

// rename gives a torrent another name in the list. Its files keep theirs.
func (s *state) rename(id ID, title string) error {
	t, err := s.find(id)
	if err != nil {
		return err
	}
	if title = strings.TrimSpace(title); len(title) > maxTitle {
		return fmt.Errorf("the name is too long (%d bytes, at most %d)", len(title), maxTitle)
	}
	if title == t.rec.Name {
		title = ""
	}
	t.rec.Title, t.dirty = title, true
	s.touch(t)
	return nil
}

// renameFiles gives files of a torrent other paths, by their indices in Meta.Files, as
// soon as nothing else is done with it.
func (s *state) renameFiles(t *torrent, choose func(paths [][]string) (map[int][]string, error)) error {
	if t.meta == nil {
		return fmt.Errorf("the files of %q are not known yet", t.name())
	}
	if t.move != nil {
		return fmt.Errorf("%q is being moved; try again when that is done", t.name())
	}
	m := t.shown()
	paths := make([][]string, len(m.Files))
	for i, f := range m.Files {
		paths[i] = f.Path
	}
	chosen, err := choose(paths)
	if err != nil || len(chosen) == 0 {
		return err
	}
	inLayout := t.meta.inLayout()
	renames := maps.Clone(t.renames)
	if renames == nil {
		renames = make(map[int]string)
	}
	for file, path := range chosen {
		renames[inLayout[file]] = strings.Join(path, "/")
	}
	t.renames, t.renamed = renames, nil
	t.rec.Moving, t.dirty = intent{Names: renames}.String(), true
	s.touch(t)
	s.steer(t)
	return nil
}

func (e *Engine) renameFiles(ctx context.Context, id ID, choose func([][]string) (map[int][]string, error)) error {
	return e.withMeta(ctx, id, func(s *state, t *torrent) error { return s.renameFiles(t, choose) })
}

// inLayout returns the indices in the layout of the files, which pad files are not
// among.
func (m *Meta) inLayout() []int {
	var in []int
	for i, f := range layoutOf(m).Files {
		if !f.Pad {
			in = append(in, i)
		}
	}
	return in
}

func renameFile(file int, name string) func([][]string) (map[int][]string, error) {
	return func(paths [][]string) (map[int][]string, error) { return admit.RenameFile(paths, file, name) }
}

func renameFolder(folder []string, name string) func([][]string) (map[int][]string, error) {
	return func(paths [][]string) (map[int][]string, error) { return admit.RenameFolder(paths, folder, name) }
}

// applyRenames records what files are to be called, and then calls them that on the
// disk, so that after a crash they are found.
func (s *state) applyRenames(t *torrent) {
	renames, st, files := t.renames, s.store, t.files()
	var running *disk.Torrent
	if t.run != nil {
		running = t.run.disk
	}
	t.busy = true
	s.tasks.push(func() func(*state) {
		found := map[*disk.Torrent]synced{}
		if running != nil {
			found[running] = syncOf(running)
		}
		return func(s *state) {
			batch := []entry{{t: t, rec: t.rec, have: t.have, disk: running}}
			s.keeper.push(func() func(*state) {
				err := cmp.Or(found[running].err, record(st, batch, found))
				return func(s *state) {
					s.task(t, s.tasks, func() func(*state) {
						names := files.Names
						if err == nil {
							names, err = renameOn(running, files, renames)
						}
						return func(s *state) { s.wereRenamed(t, renames, names, err) }
					})
				}
			})
		}
	})
}

// renameOn renames files of a torrent, which may be running, and returns what to record.
// If one cannot be renamed none is.
func renameOn(d *disk.Torrent, files disk.Options, renames map[int]string) (map[int]string, error) {
	if d == nil {
		files.Have = Bits{} // those that are missing are none of its business
		var err error
		if d, err = disk.Open(files); err != nil {
			return files.Names, err
		}
		defer d.Close()
	}
	before := map[int]string{}
	for i := range renames {
		before[i] = d.Base(i)
	}
	err := d.Rename(renames)
	if err != nil {
		_ = d.Rename(before) // one that cannot be renamed back keeps its new name, which Names tells
	}
	return d.Names(), err
}

func (s *state) wereRenamed(t *torrent, renames, names map[int]string, err error) {
	if maps.Equal(t.renames, renames) { // else more are to be renamed
		t.renames, t.rec.Moving = nil, ""
	}
	t.rec.Names, t.renamed, t.dirty = names, nil, true
	if err != nil {
		s.emit(Notice, t, because(fmt.Sprintf("Files of %q could not be renamed", t.name()), err))
	}
}

// shown returns the metainfo with the names that the user gave to files.
func (t *torrent) shown() *Meta {
	if t.meta == nil || len(t.rec.Names) == 0 && len(t.renames) == 0 {
		return t.meta
	}
	if t.renamed != nil && t.renamed.of == t.meta {
		return t.renamed.Meta
	}
	m, l := *t.meta, layoutOf(t.meta)
	m.Files = slices.Clone(m.Files)
	for file, i := range t.meta.inLayout() {
		path, ok := t.renames[i]
		if !ok {
			path, ok = t.rec.Names[i]
			path = l.Base(i, path)
			ok = ok && admit.Plain(path) // else it was never given by the user, and is shown as it is safe
		}
		if ok {
			m.Files[file].Path = strings.Split(filepath.ToSlash(path), "/")
		}
	}
	t.renamed = &renamed{&m, t.meta}
	return &m
}

// renamed is metainfo with the names that the user gave to files.
type renamed struct {
	*Meta
	of *Meta // as it came
}
