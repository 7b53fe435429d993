package admit

import (
	"encoding/base32"
	"encoding/hex"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	maxLink  = 64 << 10 // bytes of a magnet link
	maxPeers = 100      // in a magnet link: each is dialled at once

	magnetPrefix = "magnet:"
	v1Prefix     = "urn:btih:"
	v2Prefix     = "urn:btmh:"

	sha256Code = "1220" // before a SHA-256 in a multihash: its code and its length
)

// Link is what a magnet link says (BEP 9). It is never changed.
type Link struct {
	ID       [20]byte         // the info hash; if there is only a v2 one, that cut short
	HashV2   [32]byte         // the v2 info hash (BEP 52); zero if not told
	Name     string           // shown until the metadata is there; "" if not told; one line, at most 255 bytes
	Trackers [][]string       // a tier each, as Trackers lets them through
	WebSeeds []string         // as WebSeeds lets them through (ws, BEP 19)
	Exact    []string         // http URLs of the .torrent (xs), of the form of WebSeeds; what is there may be anything
	Only     []FileRange      // the files that are meant (so, BEP 53), in order and apart; none is all
	Dropped  []string         // trackers and web seeds that were left out, as from Trackers
	Peers    []netip.AddrPort // peers to ask for the metadata (x.pe), without host names
}

// FileRange is files by their index in the metainfo, both ends included.
type FileRange struct{ First, Last int }

const (
	maxRanges  = 1000 // of files in a link
	maxIndex   = 1 << 24
	maxExact   = 4
	sourceKey  = "xs"
	selectOnly = "so"
)

// Magnet reads a magnet link, or an info hash alone: 40 or, of v2, 64 hexadecimal
// or 32 base32 digits. It needs a v1 info hash (btih), a v2 one (btmh), or both of a
// hybrid. What else is wrong in it, a tracker, say, is left out.
func Magnet(link string) (*Link, error) {
	link = strings.TrimSpace(link)
	if len(link) > maxLink {
		return nil, refuse("The magnet link is too long (%d bytes, at most %d).", len(link), maxLink)
	}
	if len(link) < len(magnetPrefix) || !strings.EqualFold(link[:len(magnetPrefix)], magnetPrefix) {
		if id, ok := parseHash(link); ok {
			return checkLink(&Link{ID: id})
		}
		if v2, ok := parseMultihash(sha256Code + link); ok {
			return checkLink(&Link{ID: [20]byte(v2[:]), HashV2: v2})
		}
		return nil, refuse("This is neither a magnet link nor an info hash: %s.", quote(link))
	}
	return readMagnet(strings.TrimPrefix(link[len(magnetPrefix):], "?"))
}

func readMagnet(query string) (*Link, error) {
	l := new(Link)
	var hashes, trackers, webSeeds, exact []string
	for param := range strings.SplitSeq(query, "&") {
		key, text, _ := strings.Cut(param, "=")
		text, err := url.QueryUnescape(text)
		if err != nil {
			continue
		}
		if key = strings.ToLower(key); key != "x.pe" {
			key, _, _ = strings.Cut(key, ".") // xt.1, tr.2: the same, numbered
		}
		switch key {
		case "xt":
			hashes = append(hashes, text)
		case "tr":
			trackers = append(trackers, text)
		case "ws":
			webSeeds = append(webSeeds, text)
		case sourceKey:
			exact = append(exact, text)
		case selectOnly:
			l.Only = append(l.Only, parseFiles(text)...)
		case "dn":
			if l.Name == "" {
				l.Name = shortText([]byte(text), maxName)
			}
		case "x.pe":
			l.addPeer(text)
		}
	}
	if err := l.setHash(hashes); err != nil {
		return nil, err
	}
	tiers := make([][]string, len(trackers))
	for i := range trackers {
		tiers[i] = trackers[i : i+1]
	}
	l.Trackers, l.Dropped = Trackers(tiers)
	var dropped []string
	l.WebSeeds, dropped = WebSeeds(webSeeds)
	l.Dropped = append(l.Dropped, dropped...)
	l.Exact, _ = WebSeeds(exact) // what is no URL may be a hash, which we have
	l.Exact = l.Exact[:min(len(l.Exact), maxExact)]
	l.Only = mergeFiles(l.Only)
	return checkLink(l)
}

// setHash takes the info hashes of the topics (xt).
func (l *Link) setHash(topics []string) error {
	found, foundV2 := false, false
	for _, topic := range topics {
		if len(topic) < len(v1Prefix) {
			continue
		}
		text := topic[len(v1Prefix):]
		switch prefix := topic[:len(v1Prefix)]; {
		case strings.EqualFold(prefix, v2Prefix):
			v2, ok := parseMultihash(text)
			if !ok {
				return refuse("The magnet link's v2 info hash is not valid: %s.", quote(text))
			}
			if foundV2 && v2 != l.HashV2 {
				return refuse("The magnet link has more than one v2 info hash.")
			}
			l.HashV2, foundV2 = v2, true
		case strings.EqualFold(prefix, v1Prefix):
			id, ok := parseHash(text)
			if !ok {
				return refuse("The magnet link's info hash is not valid: %s.", quote(text))
			}
			if found && id != l.ID {
				return refuse("The magnet link has more than one info hash.")
			}
			l.ID, found = id, true
		}
	}
	switch {
	case !found && foundV2:
		l.ID = [20]byte(l.HashV2[:])
	case !found:
		return refuse("The magnet link has no info hash.")
	}
	return nil
}

// parseFiles reads "0,2,4-6" (BEP 53). What is no range of files is left out.
func parseFiles(text string) (all []FileRange) {
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		a, errA := strconv.ParseUint(first, 10, 32)
		b, errB := strconv.ParseUint(last, 10, 32)
		if errA == nil && errB == nil && a <= b && b < maxIndex && len(all) < maxRanges {
			all = append(all, FileRange{int(a), int(b)})
		}
	}
	return all
}

// mergeFiles brings ranges in order, and joins those that touch.
func mergeFiles(all []FileRange) (out []FileRange) {
	slices.SortFunc(all, func(a, b FileRange) int { return a.First - b.First })
	for _, r := range all {
		if n := len(out); n > 0 && r.First <= out[n-1].Last+1 {
			out[n-1].Last = max(out[n-1].Last, r.Last)
		} else if n < maxRanges {
			out = append(out, r)
		}
	}
	return out
}

// files writes what parseFiles reads.
func files(all []FileRange) string {
	var b []byte
	for i, r := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(r.First), 10)
		if r.Last > r.First {
			b = strconv.AppendInt(append(b, '-'), int64(r.Last), 10)
		}
	}
	return string(b)
}

// addPeer takes a peer's address if it is one that can be dialled.
func (l *Link) addPeer(text string) {
	peer, err := netip.ParseAddrPort(text)
	if err != nil || peer.Port() == 0 || peer.Addr().Zone() != "" {
		return
	}
	addr := peer.Addr().Unmap()
	if addr.IsUnspecified() || addr.IsMulticast() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return
	}
	peer = netip.AddrPortFrom(addr, peer.Port())
	if len(l.Peers) < maxPeers && !slices.Contains(l.Peers, peer) {
		l.Peers = append(l.Peers, peer)
	}
}

func checkLink(l *Link) (*Link, error) {
	if l.ID == [20]byte{} {
		return nil, refuse("The info hash is all zeros, which is that of no torrent.")
	}
	return l, nil
}

// parseHash reads an info hash in hexadecimal or base32.
func parseHash(text string) (id [20]byte, ok bool) {
	switch len(text) {
	case hex.EncodedLen(len(id)):
		_, err := hex.Decode(id[:], []byte(text))
		return id, err == nil
	case base32.StdEncoding.EncodedLen(len(id)):
		b, err := base32.StdEncoding.DecodeString(strings.ToUpper(text))
		return [20]byte(append(b, make([]byte, len(id))...)), err == nil && len(b) == len(id)
	}
	return id, false
}

// parseMultihash reads a SHA-256 as a multihash in hexadecimal.
func parseMultihash(text string) (v2 [32]byte, ok bool) {
	digits, ok := strings.CutPrefix(text, sha256Code)
	if !ok || len(digits) != hex.EncodedLen(len(v2)) {
		return v2, false
	}
	_, err := hex.Decode(v2[:], []byte(digits))
	return v2, err == nil
}

// V2Only reports whether the link has a v2 info hash and no other.
func (l *Link) V2Only() bool { return l.HashV2 != [32]byte{} && l.ID == [20]byte(l.HashV2[:]) }

// String returns the link in its canonical form: hexadecimal info hash, name,
// trackers in order, web seeds, peers. Magnet reads it back, with each tracker a tier of
// its own. What would make it longer than Magnet takes is left out.
func (l *Link) String() string {
	b := []byte(magnetPrefix + "?")
	if !l.V2Only() {
		b = append(b, "xt="+v1Prefix+hex.EncodeToString(l.ID[:])...)
	}
	if l.HashV2 != [32]byte{} {
		if !l.V2Only() {
			b = append(b, '&')
		}
		b = append(b, "xt="+v2Prefix+sha256Code+hex.EncodeToString(l.HashV2[:])...)
	}
	add := func(key, text string) {
		// Not every program takes a plus for a blank.
		param := "&" + key + "=" + strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
		if len(b)+len(param) <= maxLink {
			b = append(b, param...)
		}
	}
	if l.Name != "" {
		add("dn", l.Name)
	}
	for _, tier := range l.Trackers {
		for _, tracker := range tier {
			add("tr", tracker)
		}
	}
	for _, url := range l.WebSeeds {
		add("ws", url)
	}
	for _, url := range l.Exact {
		add(sourceKey, url)
	}
	for _, peer := range l.Peers {
		add("x.pe", peer.String())
	}
	if len(l.Only) > 0 {
		add(selectOnly, files(l.Only))
	}
	return string(b)
}
