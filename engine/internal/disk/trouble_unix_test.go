//go:build unix

package disk

import (
	"syscall"
	"testing"
)

func TestKindOfErrno(t *testing.T) {
	for err, want := range map[syscall.Errno]Kind{
		syscall.ENOSPC: Full, syscall.EDQUOT: Full, syscall.EROFS: ReadOnly, syscall.EPERM: Denied, syscall.ENODEV: Gone,
		syscall.ESTALE: Gone, syscall.ENOTCONN: Gone, syscall.ETXTBSY: Busy, syscall.EMFILE: Busy, syscall.EIO: Failing,
		syscall.EFBIG: TooLarge, syscall.EINVAL: Unknown,
	} {
		if got := KindOf(refused("write", "/a", err)); got != want {
			t.Errorf("%v is %d, not %d", err, got, want)
		}
	}
}
