package engine

import "net/netip"

// Source is a torrent that could be added: checked metainfo, or a magnet link
// whose metadata is still to come. It is made by Open and never changed.
type Source struct {
	ID       ID
	Name     string // from outside: escape before showing; may be "" for a magnet
	Meta     *Meta  // nil for a magnet
	Trackers [][]string
	Peers    []netip.AddrPort // named by the magnet's x.pe

	raw []byte // the .torrent file; nil for a magnet
}
