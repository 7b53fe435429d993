package create

import (
	"os"
	"path"
	"syscall"
)

// folders opens what is below a root, and keeps open the folder that was last asked
// for: files come in the order of their paths. It is for one goroutine at a time.
type folders struct {
	root *os.Root
	name string // of last, with slashes
	last *os.Root
}

func openFolders(base string) (*folders, error) {
	root, err := os.OpenRoot(base)
	if err != nil {
		return nil, err
	}
	return &folders{root: root}, nil
}

// of returns the folder that a path is in, and its last element.
func (f *folders) of(name string) (*os.Root, string, error) {
	dir, base := path.Split(name)
	switch {
	case dir == "":
		return f.root, base, nil
	case dir == f.name && f.last != nil:
		return f.last, base, nil
	}
	next, err := f.root.OpenRoot(dir)
	if err != nil {
		return nil, "", err
	}
	f.forget()
	f.name, f.last = dir, next
	return next, base, nil
}

func (f *folders) lstat(name string) (os.FileInfo, error) {
	dir, base, err := f.of(name)
	if err != nil {
		return nil, err
	}
	return dir.Lstat(base)
}

// open opens a file to be read. It does not wait for the other end of a pipe.
func (f *folders) open(name string) (*os.File, error) {
	dir, base, err := f.of(name)
	if err != nil {
		return nil, err
	}
	return dir.OpenFile(base, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

func (f *folders) forget() {
	if f.last != nil {
		_ = f.last.Close() // nothing was written to it
		f.last = nil
	}
}

func (f *folders) close() error {
	f.forget()
	return f.root.Close()
}
