package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// errOtherDisk is returned by renameTo when the two names are not on one file
// system, so that the file has to be copied.
var errOtherDisk = errors.New("it is another file system")

// renameTo gives a file another name, in another folder if need be, and fails with
// fs.ErrExist where something has that name already, whatever it is. Names are
// below their roots, and no symbolic link leads out of them. The folder of the new
// name must be there.
func renameTo(from *os.Root, old string, to *os.Root, name string) error {
	source, err := from.Open(filepath.Dir(old))
	if err != nil {
		return refused("open folder", filepath.Dir(filepath.Join(from.Name(), old)), err)
	}
	defer source.Close()
	target, err := to.Open(filepath.Dir(name))
	if err != nil {
		return refused("open folder", filepath.Dir(filepath.Join(to.Name(), name)), err)
	}
	defer target.Close()
	err = renameAt(source, filepath.Base(old), target, filepath.Base(name))
	if isOtherDisk(err) {
		return errOtherDisk
	}
	if err != nil {
		return fmt.Errorf("move %s to %s: %w", filepath.Join(from.Name(), old), filepath.Join(to.Name(), name), bareLink(err))
	}
	return nil
}

// renameByLink is for systems or file systems that cannot refuse to overwrite when
// they rename. A hard link is never made over something; where there are none, all
// that can be done is to look first.
func renameByLink(source *os.File, old string, target *os.File, name string) error {
	from, to := filepath.Join(source.Name(), old), filepath.Join(target.Name(), name)
	err := os.Link(from, to)
	switch {
	case err == nil:
		return os.Remove(from)
	case errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) || isOtherDisk(err):
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(from, to)
}

// bareLink takes the operation and paths off an error that names them itself.
func bareLink(err error) error {
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	return bare(err)
}
