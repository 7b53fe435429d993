package advice

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	probeEvery = 512 << 10 // bytes
	askAtOnce  = 256 << 10 // bytes; of more the kernel reads only a part
)

// ownWay keeps the kernel from reading ahead by itself, after which nobody could
// tell what was in the page cache before.
func ownWay(f *os.File) {
	_ = control(f, func(fd int) { _ = unix.Fadvise(fd, 0, 0, unix.FADV_RANDOM) })
}

// cached reports whether most of a range is in the page cache, as far as some
// bytes of it tell.
func cached(f *os.File, at, n int64) bool {
	probes, hits := 0, 0
	b := [][]byte{make([]byte, 1)}
	_ = control(f, func(fd int) {
		for off := at; off < at+n; off += probeEvery {
			probes++
			if n, err := unix.Preadv2(fd, b, off, unix.RWF_NOWAIT); err == nil && n == 1 {
				hits++
			}
		}
	})
	return 2*hits > probes
}

// willNeed has the kernel read a range from the disk. Errors do no harm.
func willNeed(f *os.File, at, n int64) {
	_ = control(f, func(fd int) {
		for end := at + n; at < end; at += askAtOnce {
			_ = unix.Fadvise(fd, at, min(askAtOnce, end-at), unix.FADV_WILLNEED)
		}
	})
}

// dontNeed takes a range out of the page cache. Errors do no harm.
func dontNeed(f *os.File, at, n int64) {
	_ = control(f, func(fd int) { _ = unix.Fadvise(fd, at, n, unix.FADV_DONTNEED) })
}

func control(f *os.File, do func(fd int)) error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	return c.Control(func(fd uintptr) { do(int(fd)) })
}

// atOnce is how many buffers ReadCached fills at most.
const atOnce = 16

// ReadCached reads what is in the page cache, up to the first page that is not, into
// buffers that the bytes from an offset on fill one after the other, as many of them as
// it takes at once. It does not wait, so the scheduler need not be told of it: handing
// its processor on and getting it back costs more than such a read.
func ReadCached(f *os.File, bufs [][]byte, at int64) int {
	return readRaw(f, bufs, at, unix.RWF_NOWAIT)
}

// inMemory reports whether a file lies in memory, unless it is swapped out.
func inMemory(f *os.File) (yes bool) {
	_ = control(f, func(fd int) {
		var info unix.Statfs_t
		yes = unix.Fstatfs(fd, &info) == nil && info.Type == unix.TMPFS_MAGIC
	})
	return yes
}

// readNow reads what lies in memory; it tells the scheduler as little as ReadCached.
func readNow(f *os.File, b []byte, at int64) int { return readRaw(f, [][]byte{b}, at, 0) }

func readRaw(f *os.File, bufs [][]byte, at int64, flags uintptr) (n int) {
	var vec [atOnce]unix.Iovec
	bufs = bufs[:min(len(bufs), atOnce)]
	for i, b := range bufs {
		vec[i].Base = unsafe.SliceData(b)
		vec[i].SetLen(len(b))
	}
	_ = control(f, func(fd int) {
		got, _, failed := unix.RawSyscall6(unix.SYS_PREADV2, uintptr(fd), uintptr(unsafe.Pointer(&vec)), uintptr(len(bufs)), uintptr(at), uintptr(at>>32), flags)
		if failed == 0 {
			n = int(got)
		}
	})
	return n
}
