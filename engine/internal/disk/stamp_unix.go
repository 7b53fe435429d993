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

// links returns how many names a file has, 1 if that is not known.
func links(info os.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 1
}
