package handover

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// checkPeer refuses a process of another user at the other end.
func checkPeer(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return fmt.Errorf("ask who connects: %w", err)
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err != nil {
		return fmt.Errorf("ask who connects: %w", err)
	}
	if credErr != nil {
		return fmt.Errorf("ask who connects: %w", credErr)
	}
	if int(cred.Uid) != os.Getuid() {
		return fmt.Errorf("user %d may not hand anything over", cred.Uid)
	}
	return nil
}
