//go:build !unix || aix || solaris

package store

import "os"

// unlock does nothing: here closing the file gives up bbolt's lock on it.
func unlock(*os.File) error { return nil }
