//go:build unix

package disk

import (
	"os"
	"syscall"
)

// node returns the number of a file in its file system, 0 if it is not known.
func node(info os.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Ino)
	}
	return 0
}
