package disk

import (
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/windows"
)

func kindOf(number syscall.Errno) Kind {
	switch number {
	case windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED, windows.ERROR_NOT_ENOUGH_QUOTA:
		return Full
	case windows.ERROR_WRITE_PROTECT:
		return ReadOnly
	case windows.ERROR_ACCESS_DENIED, windows.ERROR_NETWORK_ACCESS_DENIED, windows.ERROR_PRIVILEGE_NOT_HELD:
		return Denied
	case windows.ERROR_NOT_READY, windows.ERROR_NO_MEDIA_IN_DRIVE, windows.ERROR_DEVICE_NOT_CONNECTED, windows.ERROR_DEVICE_REMOVED,
		windows.ERROR_DEV_NOT_EXIST, windows.ERROR_WRONG_DISK, windows.ERROR_BAD_NETPATH, windows.ERROR_BAD_NET_NAME,
		windows.ERROR_NETNAME_DELETED, windows.ERROR_NETWORK_UNREACHABLE, windows.ERROR_HOST_UNREACHABLE, windows.ERROR_FILE_INVALID:
		return Gone
	case windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION, windows.ERROR_BUSY, windows.ERROR_USER_MAPPED_FILE,
		windows.ERROR_TOO_MANY_OPEN_FILES, windows.ERROR_NO_SYSTEM_RESOURCES, windows.ERROR_SEM_TIMEOUT:
		return Busy
	case windows.ERROR_CRC, windows.ERROR_IO_DEVICE, windows.ERROR_SEEK, windows.ERROR_SECTOR_NOT_FOUND, windows.ERROR_WRITE_FAULT,
		windows.ERROR_READ_FAULT, windows.ERROR_GEN_FAILURE, windows.ERROR_FILE_CORRUPT, windows.ERROR_DISK_CORRUPT:
		return Failing
	case windows.ERROR_FILE_TOO_LARGE:
		return TooLarge
	}
	return Unknown
}

// diskOf returns the drive or share of dir, "" if it has none.
func diskOf(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil || filepath.VolumeName(dir) == "" {
		return ""
	}
	return filepath.VolumeName(dir) + `\`
}

// mayChange asks whether a file or folder can be written. Only the file system
// itself can tell of a folder, so a file is made there and removed again.
func mayChange(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return f.Close()
	}
	f, err := os.CreateTemp(path, ".piecewise-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	return f.Close()
}
