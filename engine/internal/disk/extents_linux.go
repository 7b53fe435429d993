package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

const extentsMax = 10_000

// extents returns where a file has bytes of its own: the rest was never written and
// reads as zeros. It uses the file's position.
func extents(f *os.File) []extent {
	var parts []extent
	for at := int64(0); ; {
		from, err := f.Seek(at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) { // there is no more
			return parts
		}
		if err != nil {
			return whole(f)
		}
		to, err := f.Seek(from, unix.SEEK_HOLE)
		if err != nil || len(parts) == extentsMax {
			return whole(f)
		}
		parts = append(parts, extent{from, to})
		at = to
	}
}
