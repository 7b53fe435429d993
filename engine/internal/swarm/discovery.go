package swarm

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/anacrolix/torrent"

	"piecewise/engine/internal/dht"
	"piecewise/engine/internal/lsd"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/route"
	"piecewise/engine/internal/sift"
	"piecewise/engine/internal/transfer"
)

// Discovery is by what means peers are looked for beside trackers. None of them is used
// for private torrents (BEP 27).
type Discovery struct {
	DHT        bool     // BEP 5
	ReadOnly   bool     // our DHT node asks and does not answer, BEP 43
	Bootstrap  []string // "host:port" of DHT nodes; in loopback mode only those on loopback count
	PEX        bool     // BEP 11, and with it BEP 55
	LSD        bool     // BEP 14; in loopback mode on the loopback interface
	Privileged bool     // peers that others name may have ports below 1024
}

// DHTStatus is how the DHT is doing.
type DHTStatus = dht.Status

const (
	maxIntroductions = 256         // lists of peers that wait for the library
	lookAtOwn        = time.Minute // at our own addresses
)

// introduction is a list of peers on its way to the library.
type introduction struct {
	t     *Torrent
	from  plane.Origin
	peers []netip.AddrPort
}

func (c *Client) startDiscovery(cfg Config) {
	c.dht = dht.New(dht.Config{
		Loopback: cfg.Loopback, State: cfg.DHTState, Port: c.portForNodes, Resolve: c.resolveNode,
		Refuses: c.filter.Refuses,
		Found:   func(id [20]byte, peers []netip.AddrPort) { c.found(id, peers, plane.OriginDHT) },
	})
	for _, pc := range c.udp {
		c.dht.Attach(pc)
	}
	c.lsd = lsd.New(lsd.Config{
		Port: c.Port, Listen: c.listenLocal, Interfaces: c.interfaces,
		Found: func(id [20]byte, peer netip.AddrPort) {
			if cfg.Loopback { // what comes over that interface may have another address of this machine
				peer = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), peer.Port())
			}
			c.found(id, []netip.AddrPort{peer}, plane.OriginLSD)
		},
	})
	c.unheed = c.route.Notify(c.lsd.Reopen)
	c.own.look(c.Port())
	c.waiting.Go(c.introduce)
	c.SetDiscovery(cfg.Discovery)
}

// portForNodes is where nodes of the DHT may tell others to connect to us, 0 while nobody
// can. It is explicit (no implied_port), for the router may map UDP otherwise than TCP.
func (c *Client) portForNodes(v6 bool) int {
	if !c.route.Policy().Listens() {
		return 0
	}
	if port := c.outer.tcp.Load(); port != 0 && !v6 {
		return int(port)
	}
	return c.Port()
}

func (c *Client) stopDiscovery() {
	if c.dht == nil {
		return
	}
	c.unheed()
	c.dht.Close()
	c.lsd.Close()
}

// SetDiscovery changes by what means peers are looked for. What runs follows at once. It
// returns at once.
func (c *Client) SetDiscovery(d Discovery) {
	c.mu.Lock()
	c.looks = d
	c.mu.Unlock()
	nodes := slices.Clone(d.Bootstrap)
	if c.cfg.Loopback {
		nodes = slices.DeleteFunc(nodes, func(entry string) bool {
			at, err := netip.ParseAddrPort(entry)
			return err != nil || !at.Addr().IsLoopback()
		})
		d.DHT = d.DHT && len(nodes) > 0
	}
	c.dht.AllowPrivileged(d.Privileged)
	c.dht.Set(d.DHT, d.ReadOnly, nodes)
	c.lsd.Set(d.LSD)
}

func (c *Client) discovery() Discovery {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.looks
}

// DHT returns how the DHT is doing. It returns at once.
func (c *Client) DHT() DHTStatus { return c.dht.Status() }

// DHTState returns what Config.DHTState is to be at the next run. It returns at once.
func (c *Client) DHTState() []byte { return c.dht.State() }

// resolveNode finds the addresses of an entry of the bootstrap list.
func (c *Client) resolveNode(ctx context.Context, entry string) ([]netip.AddrPort, error) {
	host, text, err := net.SplitHostPort(entry)
	if err != nil {
		return nil, fmt.Errorf("read bootstrap node: %w", err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("read bootstrap node: %w", err)
	}
	ips, err := c.route.Resolve(ctx, host, route.DHT)
	if err != nil {
		return nil, err
	}
	all := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		all[i] = netip.AddrPortFrom(ip.Unmap(), uint16(port))
	}
	return all, nil
}

// listenLocal makes the socket of LSD.
func (c *Client) listenLocal(v6 bool) (lsd.Group, error) {
	group := lsd.Group4
	if v6 {
		group = lsd.Group6
	}
	pc, err := c.route.ListenLocal(v6, group)
	if err != nil {
		return nil, err
	}
	return lsd.NewGroup(pc, v6), nil
}

// interfaces are those on which LSD announces: all that can multicast, or the one that
// the route is bound to; in loopback mode the loopback interface.
func (c *Client) interfaces() ([]net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	p := c.route.Policy()
	return slices.DeleteFunc(all, func(i net.Interface) bool {
		switch {
		case i.Flags&net.FlagUp == 0:
			return true
		case c.cfg.Loopback:
			return i.Flags&net.FlagLoopback == 0
		case i.Flags&net.FlagLoopback != 0 || i.Flags&net.FlagMulticast == 0:
			return true
		case p.Interface != "" && i.Name != p.Interface:
			return true
		}
		return p.Address.IsValid() && !hasAddress(i, p.Address)
	}), nil
}

func hasAddress(i net.Interface, want netip.Addr) bool {
	addrs, _ := i.Addrs() // without any it has none
	return slices.ContainsFunc(addrs, func(a net.Addr) bool {
		p, err := netip.ParsePrefix(a.String())
		return err == nil && p.Addr().Unmap() == want.Unmap()
	})
}

// announce has an info hash announced, or not any more: of what runs or stands by, and is
// not known to be private. c.mu is held.
func (c *Client) announce(id [20]byte) {
	if c.dht == nil {
		return
	}
	t, s := c.torrents[id], c.standby[id]
	if t == nil {
		t = c.aliases[id]
	}
	switch {
	case t != nil && !t.private.Load():
		c.dht.Want(id, !t.seeds.Load())
	case t == nil && s != nil && !s.private:
		c.dht.Want(id, false)
	default:
		c.dht.Drop(id)
		c.lsd.Drop(id)
		return
	}
	c.lsd.Want(id)
}

// discover tells the DHT what has become a seed, or a download.
func (c *Client) discover(all []*Torrent, now time.Time) {
	c.own.lookAgain(c.Port(), now)
	for _, t := range all {
		seeds := t.plane.Complete()
		if t.seeds.Swap(seeds) == seeds {
			continue
		}
		c.mu.Lock()
		for id, o := range c.aliases {
			if o == t {
				c.announce(id)
			}
		}
		c.announce(t.id)
		c.mu.Unlock()
	}
}

// found takes peers that the DHT or LSD name.
func (c *Client) found(id [20]byte, peers []netip.AddrPort, from plane.Origin) {
	c.mu.RLock()
	t, s := c.torrents[id], c.standby[id]
	if t == nil {
		t = c.aliases[id]
	}
	c.mu.RUnlock()
	switch {
	case t != nil && !t.private.Load():
		t.meet(peers, from, netip.Addr{})
	case t == nil && s != nil && !s.private && s.found != nil:
		s.gate.Lock()
		peers = s.sieve.Pass(c.sieve(), from, netip.Addr{}, peers, time.Now())
		s.gate.Unlock()
		if len(peers) > 0 {
			s.found(peers, from)
		}
	}
}

// sieve returns the rules for addresses that others name.
func (c *Client) sieve() sift.Rules {
	return sift.Rules{Loopback: c.cfg.Loopback, Privileged: c.discovery().Privileged, Own: c.own.has}
}

// sift returns those of the peers that may be dialled.
func (t *Torrent) sift(peers []netip.AddrPort, from plane.Origin, by netip.Addr) []netip.AddrPort {
	rules := t.c.sieve()
	t.gate.Lock()
	defer t.gate.Unlock()
	return t.sieve.Pass(rules, from, by, peers, time.Now())
}

// meet has those peers dialled soon that may be. It returns at once.
func (t *Torrent) meet(peers []netip.AddrPort, from plane.Origin, by netip.Addr) {
	if peers = t.sift(peers, from, by); len(peers) == 0 {
		return
	}
	select {
	case t.c.intake <- introduction{t, from, peers}:
	default: // they will be named again
	}
}

// introduce hands peers to the library, which may wait, until the Client is closed.
func (c *Client) introduce() {
	for {
		select {
		case <-c.ended:
			return
		case i := <-c.intake:
			select {
			case <-i.t.ended:
			case <-i.t.ready:
				i.t.dial(i.peers, i.from)
			}
		}
	}
}

// dial makes the library dial peers.
func (t *Torrent) dial(addrs []netip.AddrPort, origin plane.Origin) {
	if len(addrs) == 0 {
		return
	}
	t.from.learn(addrs, origin)
	infos := make([]torrent.PeerInfo, 0, len(addrs))
	for _, a := range addrs {
		infos = append(infos, torrent.PeerInfo{
			Addr:    net.TCPAddrFromAddrPort(unmap(a)),
			Source:  libraryOrigin(origin),
			Trusted: origin == plane.OriginManual,
		})
	}
	t.lib.AddPeers(infos)
}

func libraryOrigin(o plane.Origin) torrent.PeerSource {
	switch o {
	case plane.OriginTracker:
		return torrent.PeerSourceTracker
	case plane.OriginDHT:
		return torrent.PeerSourceDhtGetPeers
	case plane.OriginPEX:
		return torrent.PeerSourcePex
	}
	return torrent.PeerSourceDirect
}

// social is what the torrent's peers and we may tell each other of others.
func (t *Torrent) social() transfer.Social {
	c := t.c
	return transfer.Social{
		Exchange:   func() bool { return !t.private.Load() && c.discovery().PEX },
		Introduced: func(by netip.AddrPort, peers []netip.AddrPort) { t.meet(peers, plane.OriginPEX, by.Addr()) },
		Punch: func(by, to netip.AddrPort) bool {
			return len(t.sift([]netip.AddrPort{to}, plane.OriginPEX, by.Addr())) > 0
		},
		NodePort: func(peer netip.Addr) uint16 {
			if t.private.Load() || c.dht == nil || !c.dht.On() || len(c.udp) == 0 {
				return 0
			}
			if port := c.outer.udp(peer); port != 0 {
				return port
			}
			return uint16(c.udp[0].LocalAddr().(*net.UDPAddr).Port)
		},
		Node: func(at netip.AddrPort) { c.dht.Hint(at) },
	}
}

// ownAddresses are those of this machine, at which nobody needs to be dialled.
type ownAddresses struct {
	all  atomic.Pointer[map[netip.AddrPort]bool]
	next time.Time // of the goroutine that looks
}

func (o *ownAddresses) has(a netip.AddrPort) bool {
	all := o.all.Load()
	return all != nil && (*all)[unmap(a)]
}

func (o *ownAddresses) lookAgain(port int, now time.Time) {
	if now.After(o.next) {
		o.next = now.Add(lookAtOwn)
		o.look(port)
	}
}

func (o *ownAddresses) look(port int) {
	addrs, _ := net.InterfaceAddrs() // without any none is known
	all := map[netip.AddrPort]bool{}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			all[netip.AddrPortFrom(p.Addr().Unmap(), uint16(port))] = true
		}
	}
	o.all.Store(&all)
}
