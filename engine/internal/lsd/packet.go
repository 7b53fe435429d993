package lsd

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Group4 and Group6 are where announces go.
var (
	Group4 = netip.MustParseAddrPort("239.192.152.143:6771")
	Group6 = netip.MustParseAddrPort("[ff15::efc0:988f]:6771")
)

const (
	method    = "BT-SEARCH"
	maxPacket = 1400 // bytes, so that it is not torn
	maxHashes = 50   // of a packet that are read
	maxCookie = 64   // bytes
	perHash   = len("Infohash: \r\n") + 40
)

// announce is a packet.
type announce struct {
	port   uint16
	hashes [][20]byte
	cookie string
}

// packet writes an announce for a group. What does not fit is left out; n says how many
// hashes are in it.
func (a announce) packet(group netip.AddrPort) (b []byte, n int) {
	b = fmt.Appendf(nil, "%s * HTTP/1.1\r\nHost: %s\r\nPort: %d\r\n", method, group, a.port)
	tail := "cookie: " + a.cookie + "\r\n\r\n\r\n"
	for n < len(a.hashes) && n < maxHashes && len(b)+perHash+len(tail) <= maxPacket {
		b = fmt.Appendf(b, "Infohash: %x\r\n", a.hashes[n])
		n++
	}
	return append(b, tail...), n
}

// parse reads a packet. It has a port and a hash at least.
func parse(b []byte) (a announce, ok bool) {
	if len(b) > maxPacket+100 {
		return a, false
	}
	head, rest, _ := bytes.Cut(b, []byte("\r\n"))
	if words := strings.Fields(string(head)); len(words) != 3 || words[0] != method || !strings.HasPrefix(words[2], "HTTP/1.") {
		return a, false
	}
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		key, value, found := strings.Cut(string(line), ":")
		if !found {
			break // the end of the head
		}
		switch value = strings.TrimSpace(value); strings.ToLower(strings.TrimSpace(key)) {
		case "port":
			port, err := strconv.ParseUint(value, 10, 16)
			if err != nil || port == 0 {
				return announce{}, false
			}
			a.port = uint16(port)
		case "infohash":
			var hash [20]byte
			if len(value) != 2*len(hash) || len(a.hashes) >= maxHashes {
				continue
			}
			if _, err := hex.Decode(hash[:], []byte(value)); err == nil {
				a.hashes = append(a.hashes, hash)
			}
		case "cookie":
			a.cookie = value[:min(len(value), maxCookie)]
		}
	}
	return a, a.port != 0 && len(a.hashes) > 0
}
