package create

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// Write puts a .torrent file at path, synced to the disk, as a whole or not at all.
// What is there already is only replaced with force; else the error is
// fs.ErrExist.
func Write(path string, raw []byte, force bool) error {
	if err := write(path, raw, force); err != nil {
		return fmt.Errorf("%q cannot be written: %w", path, bare(err))
	}
	return nil
}

func write(path string, raw []byte, force bool) error {
	if _, err := os.Lstat(path); err == nil && !force {
		return fs.ErrExist
	}
	name := filepath.Join(filepath.Dir(path), ".piecewise-"+rand.Text()+".tmp") // CreateTemp's are private
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = place(name, path, force)
	}
	if err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return syncFolder(filepath.Dir(path))
}

// place gives a file its name. A link does not replace what came meanwhile; file
// systems without links get a name that was free a moment ago.
func place(from, to string, force bool) error {
	if !force {
		err := os.Link(from, to)
		if err == nil {
			return os.Remove(from)
		}
		if errors.Is(err, fs.ErrExist) {
			return fs.ErrExist
		}
		if _, err := os.Lstat(to); err == nil {
			return fs.ErrExist
		}
	}
	return os.Rename(from, to)
}

// syncFolder makes a new name last. Windows has no call for it.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	err = folder.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		err = nil // not all file systems can
	}
	return errors.Join(err, folder.Close())
}
