package portmap

import (
	"context"
	"net/netip"
	"time"

	"piecewise/engine/internal/route"
)

// Requests are sent again after these times (RFC 6886, 3.1, and RFC 6887, 8.1.1, begin
// like that, but go on for minutes).
var resends = []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second}

// exchange sends a request to the router until answers takes what it answers. The
// socket takes packets of the router only.
func (m *Mapper) exchange(ctx context.Context, to netip.Addr, request []byte, takes func([]byte) bool) error {
	c, err := m.cfg.Route.Dial(ctx, "udp", netip.AddrPortFrom(to, m.cfg.PMPPort).String(), route.Router)
	if err != nil {
		return err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // ends the wait
	defer stop()
	answer := make([]byte, 1101) // one more than PCP's longest
	for _, wait := range resends {
		if _, err := c.Write(request); err != nil {
			return errSilent // nobody listens there
		}
		until := time.Now().Add(wait)
		for ctx.Err() == nil {
			if err := c.SetReadDeadline(until); err != nil {
				return err
			}
			n, err := c.Read(answer)
			if err != nil {
				if time.Now().Before(until) && ctx.Err() == nil {
					return errSilent // the router's system says that nobody listens there
				}
				break
			}
			if takes(answer[:n]) {
				return nil
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return errSilent
}

// epoch is how long a router has known its mappings, as it says, and when it said so.
type epoch struct {
	seconds uint32
	at      time.Time
}

// forgot reports whether a router that said e, and now says seconds, was started anew
// in between (RFC 6886, 3.6; RFC 6887, 8.5).
func (e epoch) forgot(seconds uint32, now time.Time) bool {
	passed := now.Sub(e.at).Seconds()
	expected := float64(e.seconds) + passed
	if passed < 0 { // the clock was set
		return false
	}
	if float64(seconds) < float64(e.seconds)+passed*7/8-2 {
		return true
	}
	return float64(seconds) > expected*17/16+60
}
