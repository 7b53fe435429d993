//go:build unix

package handover

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

func checkOwner(fi fs.FileInfo) error {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("its owner is unknown")
	}
	if int(st.Uid) != os.Getuid() {
		return fmt.Errorf("it belongs to user %d, not to us", st.Uid)
	}
	return nil
}

func checkMode(fi fs.FileInfo) error {
	if perm := fi.Mode().Perm(); perm&0o077 != 0 {
		return fmt.Errorf("others may enter it (mode %04o): remove it", perm)
	}
	return nil
}
