//go:build !linux && !darwin && !windows

package route

// canBind is false: sockets are bound to addresses only.
func canBind() bool { return false }

func bindToDevice(uintptr, string, string, int) error { return nil }
