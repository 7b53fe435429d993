package create

import (
	"errors"
	"io/fs"
	"testing"
)

// The file system of /proc cannot sync folders and says so as others do.
func TestSyncFolderThatCannotBe(t *testing.T) {
	if err := syncFolder("/proc/self"); err != nil {
		t.Error(err)
	}
	if err := syncFolder("/proc/self/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of none: %v", err)
	}
}
