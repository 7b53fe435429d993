package disk

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/shirou/gopsutil/v4/disk"
)

// Free returns the bytes that the user can still write in dir, or in the
// nearest folder above it that exists. It asks the file system.
func Free(dir string) (int64, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return 0, fmt.Errorf("find folder: %w", err)
	}
	dir = nearest(dir)
	usage, err := disk.Usage(dir)
	if err != nil {
		return 0, fmt.Errorf("measure free space in %s: %w", dir, err)
	}
	return int64(usage.Free), nil
}

// nearest returns the folder itself, or the nearest one above it that exists.
func nearest(dir string) string {
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}
