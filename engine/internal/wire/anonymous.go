package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
)

// telling are the keys of the extension handshake that say who we are, where we listen,
// or how we are seen (BEP 10).
var telling = []string{"ipv4", "ipv6", "p", "v", "yourip"}

// hideSelf returns the library's extension handshake without them.
func hideSelf(frame []byte) []byte {
	return rewrite(frame, func(key string, value []byte) []byte {
		if slices.Contains(telling, key) {
			return nil
		}
		return value
	})
}

// tellPort returns the library's extension handshake with another port of ours in it.
func tellPort(frame []byte, port uint16) []byte {
	return rewrite(frame, func(key string, value []byte) []byte {
		if key == "p" {
			return fmt.Appendf(nil, "i%de", port)
		}
		return value
	})
}

// rewrite returns the library's extension handshake with the values that change returns,
// and without the keys of which it returns none. What cannot be read stays as it is: the
// library wrote it.
func rewrite(frame []byte, change func(key string, value []byte) []byte) []byte {
	const head = 6 // length, kind, number
	if len(frame) < head+2 || frame[head] != 'd' {
		return frame
	}
	out := append(bytes.Clone(frame[:head]), 'd')
	b := frame[head+1:]
	for len(b) > 0 && b[0] != 'e' {
		key := itemLength(b)
		if key <= 0 {
			return frame
		}
		value := itemLength(b[key:])
		if value <= 0 {
			return frame
		}
		_, name, _ := bytes.Cut(b[:key], []byte(":"))
		if v := change(string(name), b[key:key+value]); v != nil {
			out = append(append(out, b[:key]...), v...)
		}
		b = b[key+value:]
	}
	out = append(out, b...)
	binary.BigEndian.PutUint32(out, uint32(len(out)-4))
	return out
}

// itemLength returns how long the bencoded item is with which b begins, 0 if there is
// none.
func itemLength(b []byte) int {
	for at, depth := 0, 0; at < len(b); {
		n := 1
		switch c := b[at]; {
		case c == 'd' || c == 'l':
			depth++
		case c == 'e':
			depth--
		case c == 'i':
			n = bytes.IndexByte(b[at:], 'e') + 1
		default:
			colon := bytes.IndexByte(b[at:], ':')
			if colon <= 0 {
				return 0
			}
			size, err := strconv.ParseUint(string(b[at:at+colon]), 10, 31)
			if err != nil {
				return 0
			}
			n = colon + 1 + int(size)
		}
		if at += n; n <= 0 || depth < 0 || at > len(b) {
			return 0
		}
		if depth == 0 {
			return at
		}
	}
	return 0
}
