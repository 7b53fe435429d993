package announce

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxPeers   = 2000
	maxMessage = 300 // bytes
	maxID      = 512 // bytes of a tracker id; it is sent back with each announce
)

// refusedError is a tracker's own words why it does not answer.
type refusedError struct {
	reason string
	retry  time.Duration // not to be asked before (BEP 31); 0 if not told
}

func (e *refusedError) Error() string { return e.reason }

var errReply = errors.New("the answer is not one of a tracker")

// parseReply reads the body of an HTTP announce (BEP 3, 7, 23, 24, 31).
func parseReply(body []byte) (reply, error) {
	d, err := parseDict(body)
	if err != nil {
		return reply{}, fmt.Errorf("%w: %w", errReply, err)
	}
	if reason, ok := d["failure reason"].(string); ok {
		return reply{}, &refusedError{clean(reason), retryIn(d["retry in"])}
	}
	r := reply{
		interval:    seconds(d["interval"]),
		minInterval: seconds(d["min interval"]),
		counts:      countsOf(d),
		external:    external(d["external ip"]),
	}
	if r.interval == 0 && d["peers"] == nil && d["peers6"] == nil {
		return reply{}, fmt.Errorf("%w: it has neither interval nor peers", errReply)
	}
	if text, ok := d["warning message"].(string); ok {
		r.warning = clean(text)
	}
	if id, ok := d["tracker id"].(string); ok && len(id) <= maxID {
		r.trackerID = id
	}
	switch peers := d["peers"].(type) {
	case string:
		r.peers = appendCompact(r.peers, []byte(peers), 4)
	case []any:
		r.peers = appendListed(r.peers, peers)
	}
	if peers, ok := d["peers6"].(string); ok {
		r.peers = appendCompact(r.peers, []byte(peers), 16)
	}
	return r, nil
}

// retryIn reads BEP 31: minutes, or "never".
func retryIn(v any) time.Duration {
	switch v := v.(type) {
	case int64:
		return time.Duration(min(max(v, 0), 24*60)) * time.Minute
	case string:
		if v == "never" {
			return longInterval
		}
	}
	return 0
}

func seconds(v any) time.Duration {
	n, _ := v.(int64)
	return time.Duration(min(max(n, 0), int64(longInterval/time.Second))) * time.Second
}

// external reads BEP 24: our address as 4 or 16 bytes; some trackers write it as text.
func external(v any) netip.Addr {
	text, _ := v.(string)
	ip, ok := netip.AddrFromSlice([]byte(text))
	if !ok {
		ip, _ = netip.ParseAddr(text[:min(len(text), 64)])
	}
	if ip = ip.Unmap().WithZone(""); ip.IsUnspecified() || ip.IsMulticast() {
		return netip.Addr{}
	}
	return ip
}

// countsOf reads what a swarm's dictionary says, in an announce or a scrape; downloads
// are told in an announce by some trackers.
func countsOf(d map[string]any) counts {
	return counts{count(d["complete"]), count(d["incomplete"]), count(d["downloaded"])}
}

func count(v any) int {
	n, ok := v.(int64)
	if !ok || n < 0 || n > 1<<31-1 {
		return -1
	}
	return int(n)
}

// appendCompact reads addresses of size bytes, each with two bytes of port.
func appendCompact(peers []netip.AddrPort, b []byte, size int) []netip.AddrPort {
	for ; len(b) >= size+2 && len(peers) < maxPeers; b = b[size+2:] {
		ip, _ := netip.AddrFromSlice(b[:size])
		peers = appendPeer(peers, ip, int64(binary.BigEndian.Uint16(b[size:])))
	}
	return peers
}

// appendListed reads the dictionary form of BEP 3. Host names are left out: a
// tracker must not make us ask the DNS for others.
func appendListed(peers []netip.AddrPort, list []any) []netip.AddrPort {
	for _, v := range list {
		if len(peers) >= maxPeers {
			break
		}
		d, _ := v.(map[string]any)
		text, _ := d["ip"].(string)
		port, _ := d["port"].(int64)
		if ip, err := netip.ParseAddr(text); err == nil {
			peers = appendPeer(peers, ip, port)
		}
	}
	return peers
}

func appendPeer(peers []netip.AddrPort, ip netip.Addr, port int64) []netip.AddrPort {
	ip = ip.Unmap().WithZone("")
	broadcast := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	if port <= 0 || port > 65535 || ip.IsUnspecified() || ip.IsMulticast() || ip == broadcast {
		return peers
	}
	return append(peers, netip.AddrPortFrom(ip, uint16(port)))
}

// clean makes text from outside fit for a message: valid UTF-8 of one line and at
// most maxMessage bytes.
func clean(text string) string {
	text = text[:min(len(text), 4*maxMessage)]
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.C, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	text = strings.TrimSpace(text)
	if len(text) <= maxMessage {
		return text
	}
	end := maxMessage - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
