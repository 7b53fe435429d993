//go:build linux || freebsd || openbsd || netbsd

package desktop

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"
)

// sessionBus connects to the session's bus; the context's end closes the
// connection. It never starts a bus: where none is, a desktop is not either.
func sessionBus(ctx context.Context) (*dbus.Conn, error) {
	address := busAddress()
	if address == "" {
		return nil, errors.New("no session bus")
	}
	return dbus.Connect(address, dbus.WithContext(ctx))
}

func busAddress() string {
	address := os.Getenv("DBUS_SESSION_BUS_ADDRESS")
	if strings.HasPrefix(address, "unix:") {
		return address
	}
	run := os.Getenv("XDG_RUNTIME_DIR")
	if address != "" || run == "" {
		return "" // disabled, or not on this machine
	}
	socket := filepath.Join(run, "bus")
	if _, err := os.Stat(socket); err != nil {
		return ""
	}
	return "unix:path=" + dbus.EscapeBusAddressValue(socket)
}
