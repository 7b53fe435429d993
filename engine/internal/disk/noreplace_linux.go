package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func renameAt(source *os.File, old string, target *os.File, name string) error {
	err := unix.Renameat2(int(source.Fd()), old, int(target.Fd()), name, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) { // such as on NFS
		return renameByLink(source, old, target, name)
	}
	return err
}

func isOtherDisk(err error) bool { return errors.Is(err, unix.EXDEV) }
