package engine

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/swarm"
)

// defaultNodes are the DHT nodes that are asked first, as long as the user names no
// others: they are run by the makers of other programs.
var defaultNodes = []string{"router.bittorrent.com:6881", "router.utorrent.com:6881", "dht.transmissionbt.com:6881", "dht.libtorrent.org:25401"}

const (
	maxNodes     = 50               // in Settings.DHTNodes
	keepDHTEvery = 10 * time.Minute // the nodes that we know are saved
)

// repairedNodes leaves what can be nodes of the bootstrap list, each once.
func repairedNodes(all []string) []string {
	var out []string
	for _, entry := range all {
		host, port, err := net.SplitHostPort(entry)
		n, bad := strconv.ParseUint(port, 10, 16)
		if err != nil || bad != nil || n == 0 || host == "" || len(host) > 255 || slices.Contains(out, entry) || len(out) == maxNodes {
			continue
		}
		out = append(out, entry)
	}
	return out
}

// DHTStatus is how the distributed hash table is doing.
type DHTStatus struct {
	On       bool      // for torrents that are not private; in loopback mode only if Settings.DHTNodes has nodes there
	Nodes    int       // that have answered in the last quarter of an hour
	Answered time.Time // the last answer of anybody, to the second; zero if there was none
	Torrents int       // that are announced there, by their info hashes
	Waiting  int       // of them, those that are late because there are many
}

// discovery is by what means peers are looked for now.
func (s *state) discovery() swarm.Discovery {
	v := &s.settings
	return swarm.Discovery{
		DHT: v.DHT, ReadOnly: v.DHTReadOnly, Bootstrap: v.DHTNodes, PEX: v.PEX,
		LSD: v.LSD && !s.anonymous && (!s.cfg.Loopback || s.cfg.LoopbackLSD), Privileged: v.LowPorts,
	}
}

// askDHT takes over how the DHT is doing.
func (s *state) askDHT() {
	now := s.control.DHT()
	told := DHTStatus{now.On, now.Nodes, now.Answered.Truncate(time.Second), now.Torrents, now.Waiting}
	if told != s.dht {
		s.dht, s.changed = told, true
	}
}

// keepDHT saves the nodes that we know, for the next start.
func (s *state) keepDHT() {
	st, nodes := s.store, s.control.DHTState()
	s.keeper.push(func() func(*state) {
		if err := st.PutDHT(nodes); err != nil {
			return func(s *state) { s.log.Warn("save the nodes of the DHT", "error", err) }
		}
		return nil
	})
}

// foundFor returns what is called with peers of a torrent that stands by, as the DHT or
// the local network know them.
func (s *state) foundFor(t *torrent) func([]netip.AddrPort, plane.Origin) {
	mail := s.mail
	return func(addrs []netip.AddrPort, _ plane.Origin) {
		mail.post(func(s *state) { s.met(t, addrs, time.Now()) })
	}
}

// met takes peers of a torrent that stands by. They may be leeches that cannot dial us, so
// they are dialled; not often, for most will be seeds.
func (s *state) met(t *torrent, addrs []netip.AddrPort, now time.Time) {
	every := turnAlone
	if len(t.rec.Trackers) > 0 {
		every = turnTracked
	}
	if t.standby == nil || now.Sub(t.turn) < every {
		return
	}
	s.named(t, addrs)
	s.wish(t)
}
