//go:build !ci

package main

import (
	"os"
	"runtime"
)

// hasDisplay reports whether a window can be opened at all.
func hasDisplay() bool {
	switch runtime.GOOS {
	case "windows", "darwin":
		return true
	}
	return os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
}
