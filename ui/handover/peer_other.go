//go:build !linux

package handover

import "net"

// checkPeer leaves it to the directory, which only the user may enter.
func checkPeer(*net.UnixConn) error { return nil }
