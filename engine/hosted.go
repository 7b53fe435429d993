package engine

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"

	"piecewise/engine/tracker"
)

// mind has the tracker told of a torrent that is not what it was.
func (h *hosting) mind(old, row *Torrent) {
	if old == nil || old.State != row.State || old.Trackers != row.Trackers || (old.Have == old.Wanted) != (row.Have == row.Wanted) {
		h.listed = false
	}
}

// listHosted tells the tracker which torrents are ours.
func (s *state) listHosted() {
	h := &s.hosting
	h.listed = true
	list := &tracker.List{Open: s.settings.TrackerOpen, Torrents: make(map[[20]byte]tracker.Own), ID: s.control.PeerID()}
	for _, p := range h.places {
		list.Here = append(list.Here, p.Addr)
	}
	for _, t := range s.order {
		if !h.serves(t) {
			continue
		}
		own := tracker.Own{}
		if t.tally != nil {
			own = tracker.Own{Port: uint16(s.port), Seed: t.missing() == 0}
		}
		for _, hash := range t.allHashes() {
			list.Torrents[hash] = own
		}
	}
	h.host.SetList(list)
}

// serves reports whether a torrent is one of those that our own tracker tells of. A
// private one is only if it says so (BEP 27).
func (h *hosting) serves(t *torrent) bool {
	return !t.preview && t.leaving == nil && (!t.private() || h.names(t.rec.Trackers))
}

// welcome serves a new torrent at once: it is about to be announced.
func (h *hosting) welcome(t *torrent) {
	h.listed = false
	if h.host == nil || !h.serves(t) {
		return
	}
	for _, hash := range t.allHashes() {
		h.host.Add(hash)
	}
}

// names reports whether our own tracker is among the trackers of a torrent.
func (h *hosting) names(tiers [][]string) bool {
	for _, tier := range tiers {
		for _, text := range tier {
			u, err := url.Parse(text)
			if err != nil || u.Path != announcePath {
				continue
			}
			ip, err := netip.ParseAddr(u.Hostname())
			if err == nil && slices.ContainsFunc(h.places, func(p Place) bool {
				return p.Addr == ip && u.Port() == strconv.Itoa(p.PortOr(int(h.host.Addr().Port())))
			}) {
				return true
			}
		}
	}
	return false
}
