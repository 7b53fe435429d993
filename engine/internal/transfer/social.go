package transfer

import (
	"encoding/binary"
	"net/netip"

	"github.com/anacrolix/torrent/bencode"
)

// Social is what its owner decides of what peers tell each other; see wire.Social. All
// must return at once, from any goroutine. A nil one is no, or nobody is told.
type Social struct {
	Exchange   func() bool
	Introduced func(by netip.AddrPort, peers []netip.AddrPort)
	Punch      func(by, to netip.AddrPort) bool
	NodePort   func(peer netip.Addr) uint16
	Node       func(at netip.AddrPort)
}

// SetSocial is called before the first peer joins.
func (t *Torrent) SetSocial(s Social) { t.social = s }

// Exchange implements wire.Social.
func (t *Torrent) Exchange() bool { return t.social.Exchange != nil && t.social.Exchange() }

// Introduced implements wire.Social.
func (t *Torrent) Introduced(by netip.AddrPort, message []byte) {
	if all := parsePEX(message); len(all) > 0 && t.social.Introduced != nil {
		t.social.Introduced(by, all)
	}
}

// Punch implements wire.Social.
func (t *Torrent) Punch(by, to netip.AddrPort) bool {
	return t.social.Punch != nil && t.social.Punch(by, to)
}

// NodePort implements wire.Social.
func (t *Torrent) NodePort(peer netip.Addr) uint16 {
	if t.social.NodePort == nil {
		return 0
	}
	return t.social.NodePort(peer)
}

// Node implements wire.Social.
func (t *Torrent) Node(at netip.AddrPort) {
	if t.social.Node != nil {
		t.social.Node(at)
	}
}

// Complete reports whether all that is wanted is ours; false before Open.
func (t *Torrent) Complete() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.picker != nil && t.picker.Left() == 0
}

// maxIntroduced bounds the addresses of one message; BEP 11 allows for fifty.
const maxIntroduced = 100

// parsePEX returns the addresses that a PEX message adds; of one that cannot be read none.
func parsePEX(b []byte) []netip.AddrPort {
	var m struct {
		Added  string `bencode:"added"`
		Added6 string `bencode:"added6"`
	}
	err := bencode.Unmarshal(b, &m)
	if _, trailing := err.(bencode.ErrUnusedTrailingBytes); err != nil && !trailing {
		return nil
	}
	var all []netip.AddrPort
	for size, list := range map[int]string{6: m.Added, 18: m.Added6} {
		for ; len(list) >= size && len(all) < maxIntroduced; list = list[size:] {
			ip, _ := netip.AddrFromSlice([]byte(list[:size-2])) // it has 4 or 16 bytes
			all = append(all, netip.AddrPortFrom(ip.Unmap(), binary.BigEndian.Uint16([]byte(list[size-2:]))))
		}
	}
	return all
}
