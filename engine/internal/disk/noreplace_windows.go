package disk

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

func renameAt(source *os.File, old string, target *os.File, name string) error {
	from, err := windows.UTF16PtrFromString(filepath.Join(source.Name(), old))
	if err != nil {
		return err
	}
	to, err := windows.UTF16PtrFromString(filepath.Join(target.Name(), name))
	if err != nil {
		return err
	}
	return windows.MoveFileEx(from, to, 0) // neither over a file nor to another volume
}

func isOtherDisk(err error) bool { return errors.Is(err, windows.ERROR_NOT_SAME_DEVICE) }
