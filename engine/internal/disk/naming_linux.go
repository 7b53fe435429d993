package disk

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// naming gives files other names in the folders they are in, with as few calls as there
// can be: it keeps the folder of the last one open. Nothing may be moved as long as one
// is in use. The zero value is ready.
type naming struct {
	folder place
	fd     int // of the folder, if it has a name
}

// rename gives a regular file another base name, unless something has that. It returns
// false if it cannot, for whatever reason, and nothing has changed then.
func (n *naming) rename(from place, base string) bool {
	dir, old := filepath.Split(from.name)
	if folder := (place{from.dir, dir}); n.folder != folder {
		if n.close(); !n.open(folder) {
			return false
		}
	}
	var info unix.Stat_t
	if unix.Fstatat(n.fd, old, &info, unix.AT_SYMLINK_NOFOLLOW) != nil || info.Mode&unix.S_IFMT != unix.S_IFREG {
		return false
	}
	return unix.Renameat2(n.fd, old, n.fd, base, unix.RENAME_NOREPLACE) == nil
}

// open opens a folder that no symbolic link leads to.
func (n *naming) open(folder place) bool {
	dir, err := unix.Open(folder.dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	if folder.name == "" {
		n.folder, n.fd = folder, dir
		return true
	}
	defer unix.Close(dir)
	fd, err := unix.Openat2(dir, folder.name, &unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: strictly})
	if err == nil {
		n.folder, n.fd = folder, fd
	}
	return err == nil
}

func (n *naming) close() {
	if n.folder != (place{}) {
		_ = unix.Close(n.fd) // of a folder
	}
	n.folder = place{}
}
