//go:build !linux

package disk

import "os"

// readAt fills v from the offset on, one buffer after the other.
func readAt(f *os.File, v vector, at int64) error {
	for _, b := range v {
		n, err := f.ReadAt(b, at)
		if n < len(b) {
			return err
		}
		at += int64(n)
	}
	return nil
}

// writeAt writes v at the offset, one buffer after the other.
func writeAt(f *os.File, v vector, at int64) error {
	for _, b := range v {
		n, err := f.WriteAt(b, at)
		if err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}
