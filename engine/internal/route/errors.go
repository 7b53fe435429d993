package route

import (
	"errors"
	"fmt"
	"net/netip"
)

// ErrChanged ends connections of a way that is not allowed any more.
var ErrChanged = errors.New("the way out of this machine has changed")

// ClosedError says why nothing may leave at present, or nothing of a kind.
type ClosedError struct {
	Reason string // a sentence without its full stop
}

func (e *ClosedError) Error() string { return e.Reason }

// RefusedError says why an address is never connected to.
type RefusedError struct {
	Host string     // as it was named
	Addr netip.Addr // what that is; invalid if it was not looked up
	Why  string     // the end of a sentence: "that is this machine"
}

func (e *RefusedError) Error() string {
	if !e.Addr.IsValid() || e.Host == e.Addr.String() {
		return fmt.Sprintf("%s is refused: %s", e.Host, e.Why)
	}
	return fmt.Sprintf("%s (%v) is refused: %s", e.Host, e.Addr, e.Why)
}

// ProxyError says why a connection through the proxy failed.
type ProxyError struct{ Err error }

func (e *ProxyError) Error() string { return fmt.Sprintf("through the proxy: %v", e.Err) }

// Unwrap returns what failed.
func (e *ProxyError) Unwrap() error { return e.Err }
