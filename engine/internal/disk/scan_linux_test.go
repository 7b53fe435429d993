package disk

import (
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What was not in the page cache before a Scan is not in it afterwards, even if it was
// not read to the end; what was, stays.
func TestScanDoesNotFloodTheCache(t *testing.T) {
	const size, piece = 24 << 20, 1 << 20
	l := lay(piece, "a", size)
	d := open(t, Options{Dir: t.TempDir(), Layout: l})
	for p := range l.Pieces {
		if err := d.Write(p, 0, [][]byte{make([]byte, piece)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Sync(); err != nil { // only clean pages can be dropped
		t.Fatal(err)
	}
	f, err := os.Open(d.Path(0))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	scan := func(pieces int) {
		s := d.Scan()
		defer s.Close()
		for p := range pieces {
			if _, err := s.ReadAt(make([]byte, piece), int64(p)*piece); err != nil {
				t.Fatal(err)
			}
		}
	}
	scan(l.Pieces)
	if all, there := resident(t, f, size); there < all*9/10 {
		t.Errorf("of %d pages in the cache %d are left", all, there)
	}
	_ = unix.Fadvise(int(f.Fd()), 0, size, unix.FADV_DONTNEED) // what it did not do shows below
	if all, there := resident(t, f, size); there > all/10 {
		t.Skipf("the file system keeps %d of %d pages", there, all)
	}
	for _, pieces := range []int{l.Pieces, 9} {
		scan(pieces)
		if all, there := resident(t, f, size); there > all/10 {
			t.Errorf("after %d pieces, of %d pages %d are in the cache", pieces, all, there)
		}
	}
}

// resident tells how much of a file is in the page cache, by its pages.
func resident(t *testing.T, f *os.File, size int) (pages, there int) {
	t.Helper()
	b, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED) // reading would fill the cache
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
