package dht

import (
	"errors"
	"io"
	"net"
)

// isClosed reports whether an error of reading says that the socket is closed.
func isClosed(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) || err.Error() == "closed" // as libutp says it
}
