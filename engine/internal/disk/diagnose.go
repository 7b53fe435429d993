package disk

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Diagnose asks the file system what is behind an error that the torrent's files
// gave, which has need bytes yet to write. It waits for the disk.
func Diagnose(files Options, need int64, err error) Trouble {
	t := Trouble{Kind: KindOf(err), Dir: files.folder(), Disk: files.Disk, Need: need, Free: -1, Err: err, files: files}
	t.Path = t.Dir
	var f *FileError
	var foreign *ForeignError
	var missing *MissingError
	switch {
	case errors.As(err, &f):
		t.Path, t.Writing = f.Path, f.Op == "write" || f.Op == "create" || f.Op == "open to write" || f.Op == "make folder"
	case errors.As(err, &foreign):
		t.Path, t.Writing = foreign.Path, true
	case errors.As(err, &missing):
		t.Path = missing.Path
	}
	if t.Kind == Changed && files.There() != nil {
		t.Kind = Gone
	}
	if t.Disk == "" && t.Kind != Gone {
		t.Disk = diskOf(existing(t.Dir))
	}
	if t.Kind == Full {
		if free, err := Free(t.Dir); err == nil {
			t.Free = free
		}
	}
	return t
}

func (o Options) folder() string {
	if dir, err := filepath.Abs(o.Dir); err == nil {
		return dir
	}
	return o.Dir
}

// There returns a GoneError if the save folder was there and is not, or begins on
// another file system now, or if there were files and none of them is there. It waits
// for the disk.
func (o Options) There() error {
	dir := o.folder()
	if o.Disk != "" && diskOf(dir) != o.Disk {
		return &GoneError{Dir: dir}
	}
	names, err := newTable(o, dir)
	if err != nil {
		return err
	}
	lost := false
	for i, f := range o.Layout.Files {
		was := len(o.Stamps) == len(o.Layout.Files) && o.Stamps[i].Size >= 0
		if f.Pad || !was && o.Layout.needed(i, o.Have.Has) == 0 {
			continue
		}
		for _, part := range []bool{false, true} {
			at := names.place(i, name{names.name(i).base, part})
			if exists(at.full()) || o.Moving != "" && exists(filepath.Join(o.Moving, at.name)) {
				return nil
			}
		}
		lost = true
	}
	if lost {
		return &GoneError{Dir: dir}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Over tells which of the troubles of one disk or folder are over. What torrents of
// that disk that are in no trouble have yet to write, taken bytes, is not room for
// these; nor is what those before them need. It notes how much is free in each, and
// waits for the disk.
func Over(all []Trouble, taken int64) []bool {
	over := make([]bool, len(all))
	room := int64(-1)
	for i := range all {
		t := &all[i]
		if t.Kind != Full {
			over[i] = t.over()
			continue
		}
		if room < 0 {
			free, err := Free(t.Dir)
			if err != nil {
				continue
			}
			room = max(0, free-taken)
		}
		t.Free = room
		if over[i] = room >= max(t.Need, 1); over[i] {
			room -= t.Need
		}
	}
	return over
}

func (t *Trouble) over() bool {
	switch {
	case t.Kind == Gone:
		return t.files.There() == nil
	case t.Kind == ReadOnly:
		return mayChange(existing(t.Dir)) == nil
	case t.Writing:
		return mayChange(existing(t.Path)) == nil
	}
	return mayRead(t.Path) == nil && (t.Kind != Failing || mayChange(existing(t.Path)) == nil)
}

// mayRead reads a little of a file.
func mayRead(path string) error {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Read(make([]byte, 1)); err != nil && err != io.EOF {
		return err
	}
	return nil
}

// existing returns path, or the nearest folder above it that is there.
func existing(path string) string {
	for path != filepath.Dir(path) {
		if _, err := os.Stat(path); err == nil {
			break
		}
		path = filepath.Dir(path)
	}
	return path
}
