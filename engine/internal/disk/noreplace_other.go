//go:build !linux && !windows

package disk

import (
	"errors"
	"os"
	"syscall"
)

func renameAt(source *os.File, old string, target *os.File, name string) error {
	return renameByLink(source, old, target, name)
}

func isOtherDisk(err error) bool { return errors.Is(err, syscall.EXDEV) }
