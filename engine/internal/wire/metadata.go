package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Metadata (BEP 9) is the data plane's: the library would parse whatever has the
// right hash, which is no proof of harmlessness, and panic. So it hears nothing of
// it: of no message, and not how large a peer says that it is, which it would set
// memory aside for.

const sizeKey = "13:metadata_size"

// isMetadata reports whether a frame of the peer is not the library's because it is
// about metadata, or might be: before the library has said its number for it.
func (l *control) isMetadata(frame []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return frame[5] != 0 && (l.meta == 0 || frame[5] == l.meta)
}

// hideMetadata renames what a peer's extension handshake says of the size of the
// metadata, in place, so that the library does not know the key. Which other key it
// is keeps the order of keys.
func hideMetadata(frame []byte) {
	for b := frame; ; {
		i := bytes.Index(b, []byte(sizeKey))
		if i < 0 {
			return
		}
		b = b[i+len(sizeKey):]
		frame[len(frame)-len(b)-1] = 'E'
	}
}

// addMetadata returns the library's extension handshake with the size of the
// metadata behind the dictionary of extensions, where it belongs in the order of
// keys, if the library does not say it.
func addMetadata(frame []byte, size int) []byte {
	m := bytes.Index(frame, []byte("1:md"))
	if size == 0 || m < 0 || bytes.Contains(frame, []byte(sizeKey)) {
		return frame
	}
	end := bytes.Index(frame[m:], []byte("ee")) // of its last number and of itself
	if end < 0 {
		return frame
	}
	at := m + end + 2
	longer := fmt.Appendf(bytes.Clone(frame[:at]), "%si%de", sizeKey, size)
	longer = append(longer, frame[at:]...)
	binary.BigEndian.PutUint32(longer, uint32(len(longer)-4))
	return longer
}
