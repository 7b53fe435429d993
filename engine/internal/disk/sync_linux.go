package disk

import (
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// wholes are the file systems of which syncfs can be relied on: it makes last what was
// written out, and the folders. Those that run as programs need not do anything.
var wholes = []int64{unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.TMPFS_MAGIC}

// syncsWhole reports whether syncWhole may be used for a folder.
func syncsWhole(dir string) bool {
	var info unix.Statfs_t
	return unix.Statfs(dir, &info) == nil && slices.Contains(wholes, int64(info.Type)) //nolint:unconvert // narrower elsewhere
}

// keepsNumbers reports whether the number of a file in its file system stays the same as
// long as there is the file. FAT and some others make one up each time.
func keepsNumbers(path string) bool { return syncsWhole(path) }

// syncWhole waits until all of the folder's file system is on its disk. That errors of
// our files are found is writeOut's task: here somebody else may have been told.
func syncWhole(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	var failed error
	control(f, func(fd int) { failed = unix.Syncfs(fd) })
	return failed
}

// drains says that startWriteOut does something.
const drains = true

// startWriteOut has the bytes of a file written to its disk, and does not wait for
// that. What fails is left for writeOut, or a sync, to find.
func startWriteOut(f *os.File) {
	control(f, func(fd int) { _ = unix.SyncFileRange(fd, 0, 0, unix.SYNC_FILE_RANGE_WRITE) })
}

// writeOut writes the bytes of a file to its disk and waits for that, but not for what
// says where they are.
func writeOut(f *os.File) (err error) {
	const flags = unix.SYNC_FILE_RANGE_WAIT_BEFORE | unix.SYNC_FILE_RANGE_WRITE | unix.SYNC_FILE_RANGE_WAIT_AFTER
	control(f, func(fd int) { err = unix.SyncFileRange(fd, 0, 0, flags) })
	return err
}
