package tracker

import (
	"encoding/binary"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

const (
	defaultWant = 50
	maxWant     = 200
	maxScrape   = 100 // info hashes of one request
)

// handler answers requests from the table.
type handler struct {
	interval time.Duration
	allow    map[[20]byte]bool
	table    *table
}

// announcement is an announce that was found good.
type announcement struct {
	hash, peerID [20]byte
	addr         netip.AddrPort
	event        string
	seed         bool
	want         int
	listed       bool // peers as a list of dictionaries instead of compact
	anonymous    bool // without their IDs
}

// answer is the reply to an announce (BEP 3, 7, 23).
type answer struct {
	Complete    int    `bencode:"complete"`
	Downloaded  int    `bencode:"downloaded"`
	Incomplete  int    `bencode:"incomplete"`
	Interval    int    `bencode:"interval"`
	MinInterval int    `bencode:"min interval"`
	Peers       any    `bencode:"peers"`
	Peers6      []byte `bencode:"peers6,omitempty"`
}

// listedPeer is a peer as BEP 3 has it.
type listedPeer struct {
	IP     string `bencode:"ip"`
	PeerID string `bencode:"peer id,omitempty"`
	Port   int    `bencode:"port"`
}

func (h *handler) announce(w http.ResponseWriter, r *http.Request) {
	a, err := parseAnnounce(r)
	if err == nil && !h.allows(a.hash) {
		err = errors.New("this torrent is not served here")
	}
	if err != nil {
		refuse(w, err)
		return
	}
	counts, peers := h.table.announce(a, time.Now())
	seconds := int(h.interval / time.Second)
	out := answer{
		Complete: counts.Seeds, Downloaded: counts.Downloads, Incomplete: counts.Leeches,
		Interval: seconds, MinInterval: max(seconds/2, 1),
	}
	if a.listed {
		out.Peers = listPeers(peers, a.anonymous)
	} else {
		out.Peers, out.Peers6 = compactPeers(peers)
	}
	send(w, out)
}

func (h *handler) scrape(w http.ResponseWriter, r *http.Request) {
	var hashes [][20]byte
	for _, text := range r.URL.Query()["info_hash"] {
		if len(text) != 20 || len(hashes) == maxScrape {
			refuse(w, errors.New("info_hash is wrong or there are too many"))
			return
		}
		if hash := [20]byte([]byte(text)); h.allows(hash) {
			hashes = append(hashes, hash)
		}
	}
	send(w, map[string]any{"files": h.table.scrape(hashes, time.Now())})
}

func (h *handler) allows(hash [20]byte) bool { return h.allow == nil || h.allow[hash] }

// parseAnnounce reads a request. A missing `left` makes a leech.
func parseAnnounce(r *http.Request) (announcement, error) {
	q := r.URL.Query()
	hash, id := q.Get("info_hash"), q.Get("peer_id")
	port, portErr := strconv.ParseUint(q.Get("port"), 10, 16)
	left, leftErr := strconv.ParseInt(q.Get("left"), 10, 64)
	switch {
	case len(hash) != 20:
		return announcement{}, errors.New("info_hash is not 20 bytes")
	case len(id) != 20:
		return announcement{}, errors.New("peer_id is not 20 bytes")
	case portErr != nil || port == 0:
		return announcement{}, errors.New("port is not a port")
	case q.Has("left") && (leftErr != nil || left < 0):
		return announcement{}, errors.New("left is not a number of bytes")
	}
	ip, err := sender(r.RemoteAddr, q.Get("ip"))
	if err != nil {
		return announcement{}, err
	}
	return announcement{
		hash: [20]byte([]byte(hash)), peerID: [20]byte([]byte(id)),
		addr:  netip.AddrPortFrom(ip, uint16(port)),
		event: q.Get("event"),
		seed:  q.Has("left") && left == 0,
		want:  wanted(q), listed: q.Get("compact") == "0", anonymous: q.Get("no_peer_id") == "1",
	}, nil
}

// sender is the address of the peer: where the request comes from, or what it
// tells if that is this machine.
func sender(remote, told string) (netip.Addr, error) {
	from, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}, errors.New("the request has no address")
	}
	ip := from.Addr().Unmap().WithZone("")
	if other, err := netip.ParseAddr(told); ip.IsLoopback() && err == nil {
		other = other.Unmap().WithZone("")
		if !other.IsUnspecified() && !other.IsMulticast() {
			return other, nil
		}
	}
	return ip, nil
}

func wanted(q url.Values) int {
	n, err := strconv.Atoi(q.Get("numwant"))
	if err != nil || n < 0 {
		return defaultWant
	}
	return min(n, maxWant)
}

func compactPeers(peers []peer) (v4, v6 []byte) {
	v4 = []byte{}
	for _, p := range peers {
		ip := p.addr.Addr().AsSlice()
		if len(ip) == 4 {
			v4 = binary.BigEndian.AppendUint16(append(v4, ip...), p.addr.Port())
		} else {
			v6 = binary.BigEndian.AppendUint16(append(v6, ip...), p.addr.Port())
		}
	}
	return v4, v6
}

func listPeers(peers []peer, anonymous bool) []listedPeer {
	listed := make([]listedPeer, len(peers))
	for i, p := range peers {
		listed[i] = listedPeer{IP: p.addr.Addr().String(), Port: int(p.addr.Port())}
		if !anonymous {
			listed[i].PeerID = string(p.id[:])
		}
	}
	return listed
}

// refuse answers with a failure reason, which is a success for HTTP (BEP 3).
func refuse(w http.ResponseWriter, err error) {
	send(w, map[string]string{"failure reason": err.Error()})
}

func send(w http.ResponseWriter, v any) {
	body, err := bencode.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // a client that has gone needs no answer
}
