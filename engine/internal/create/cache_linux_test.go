package create

import (
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// resident tells how much of a file is in the page cache, by its pages.
func resident(t *testing.T, path string) (pages, there int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	b, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED) // reading would fill the cache
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(b)
	vec := make([]byte, (len(b)+4095)/4096)
	if _, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(unsafe.Pointer(&vec[0]))); errno != 0 {
		t.Fatal(errno)
	}
	for _, v := range vec {
		there += int(v & 1)
	}
	return len(vec), there
}

// What was not in the page cache is not in it afterwards; what was, stays.
func TestCacheIsNotFlooded(t *testing.T) {
	const size = 40 << 20
	path := filepath.Join(t.TempDir(), "a")
	put(t, path, noise(size))
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil { // only clean pages can be dropped
		t.Fatal(err)
	}
	files := look(t, path)
	if _, err := files.Make(t.Context(), Options{}, nil); err != nil {
		t.Fatal(err)
	}
	if pages, there := resident(t, path); there < pages*9/10 {
		t.Errorf("of %d pages in the cache %d are left", pages, there)
	}
	_ = unix.Fadvise(int(f.Fd()), 0, size, unix.FADV_DONTNEED) // what it did not do shows below
	if pages, there := resident(t, path); there > pages/10 {
		t.Skipf("the file system keeps %d of %d pages", there, pages)
	}
	if _, err := files.Make(t.Context(), Options{}, nil); err != nil {
		t.Fatal(err)
	}
	if pages, there := resident(t, path); there > pages/10 {
		t.Errorf("of %d pages %d are in the cache now", pages, there)
	}
}
