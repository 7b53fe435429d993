//go:build !windows

package disk

import (
	"os"
	"syscall"
)

// Device returns a number that folders on one file system have in common, and
// others, usually, do not. It asks the file system.
func Device(dir string) (uint64, error) {
	info, err := os.Stat(nearest(dir))
	if err != nil {
		return 0, refused("look at", dir, err)
	}
	return uint64(info.Sys().(*syscall.Stat_t).Dev), nil //nolint:unconvert // narrower elsewhere
}

// allocated returns the bytes that a file takes on the disk.
func allocated(info os.FileInfo) int64 {
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}
