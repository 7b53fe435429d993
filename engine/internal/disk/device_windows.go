package disk

import (
	"hash/maphash"
	"os"
	"path/filepath"
	"strings"
)

var volumeSeed = maphash.MakeSeed()

// Device returns a number that folders on one file system have in common, and
// others, usually, do not.
func Device(dir string) (uint64, error) {
	dir, err := filepath.Abs(dir)
	return maphash.String(volumeSeed, strings.ToUpper(filepath.VolumeName(dir))), err
}

// allocated returns the bytes that a file takes on the disk.
func allocated(info os.FileInfo) int64 { return info.Size() }
