package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"

	"piecewise/engine/internal/route"
	"piecewise/engine/tracker"
)

// Hosting is how our own tracker is doing.
type Hosting struct {
	On     bool    // it answers
	Err    string  // why it does not, though it should; one sentence
	Port   int     // that it listens on, for HTTP and UDP
	Places []Place // where others may reach it, the best first; while it is on

	TrackerStats // since it was turned on
}

// TrackerStats are what our own tracker has done and holds.
type TrackerStats = tracker.Stats

// Place is an address of this machine.
type Place struct {
	Addr netip.Addr
	Kind PlaceKind
}

// PlaceKind is who may reach an address.
type PlaceKind uint8

// The kinds of places.
const (
	PlaceOutside PlaceKind = iota // a public address of this machine: everybody, unless a firewall is in the way
	PlaceSeen                     // that of our router, as other trackers see it: everybody, if the router lets them in
	PlaceInside                   // those in the same local network
	PlaceHere                     // this machine only
)

// AnnounceURL is the address of our own tracker at a place.
func AnnounceURL(at netip.Addr, port int) string {
	return "http://" + net.JoinHostPort(at.String(), strconv.Itoa(port)) + announcePath
}

const announcePath = "/announce"

// sameHosting reports whether nothing is new.
func sameHosting(a, b Hosting) bool {
	return a.On == b.On && a.Err == b.Err && a.Port == b.Port && a.TrackerStats == b.TrackerStats && slices.Equal(a.Places, b.Places)
}

// hosting is our own tracker, as the loop has it.
type hosting struct {
	shown   Hosting
	host    *host // nil while it is off
	busy    bool  // it is being turned on or off
	failed  bool  // it could not be turned on, and nothing has changed since
	listed  bool  // it knows which torrents there are
	places  []Place
	waiting []chan Hosting
	all     sync.WaitGroup // its goroutines, each added by a lane
}

// host is a tracker that runs.
type host struct {
	*tracker.Server
	at    string // what was asked for
	stop  context.CancelFunc
	ended bool
}

// Places returns where others may reach our own tracker, the best first. It asks the
// system, whether the tracker is on or off.
func (e *Engine) Places(ctx context.Context) ([]Place, error) {
	var seen []netip.Addr
	err := e.do(ctx, func(s *state) error {
		seen = s.seenAt()
		return nil
	})
	if err != nil {
		return nil, err
	}
	switch ip := e.cfg.Listen.Addr(); {
	case ip.IsValid() && !ip.IsUnspecified():
		return findPlaces(ip, nil), nil
	case e.cfg.Loopback:
		return findPlaces(netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil), nil
	}
	return findPlaces(netip.IPv6Unspecified(), seen), nil
}

// seenAt returns our addresses as other people's trackers see them (BEP 24), one of each
// family: that which the most trackers tell.
func (s *state) seenAt() []netip.Addr {
	told := map[netip.Addr]map[string]bool{}
	for _, t := range s.order {
		for _, st := range t.trackers {
			ip := st.External.Unmap()
			if u, err := url.Parse(st.URL); err == nil && ip.IsValid() && placeKind(ip) == PlaceOutside && ip.IsGlobalUnicast() {
				if told[ip] == nil {
					told[ip] = map[string]bool{}
				}
				told[ip][u.Hostname()] = true
			}
		}
	}
	var best [2]netip.Addr // of IPv4, of IPv6
	for ip, by := range told {
		b := &best[ip.BitLen()/128]
		if !b.IsValid() || len(by) > len(told[*b]) || len(by) == len(told[*b]) && ip.Less(*b) {
			*b = ip
		}
	}
	return slices.DeleteFunc(best[:], func(ip netip.Addr) bool { return !ip.IsValid() })
}

// Host turns our own tracker on, if it is off, and waits until it answers. The
// error is one sentence, such as that its port is taken.
func (e *Engine) Host(ctx context.Context) (Hosting, error) {
	settled := make(chan Hosting, 1)
	err := e.do(ctx, func(s *state) error {
		s.hosting.waiting = append(s.hosting.waiting, settled)
		s.hosting.failed = false // it is tried again
		if v := s.settings; !v.TrackerOn {
			v.TrackerOn = true
			return s.setSettings(v)
		}
		s.steerHosting()
		return nil
	})
	if err != nil {
		return Hosting{}, err
	}
	select {
	case h := <-settled:
		if !h.On {
			return h, errors.New(h.Err)
		}
		return h, nil
	case <-ctx.Done():
		return Hosting{}, ctx.Err()
	case <-e.stopped:
		return Hosting{}, ErrStopped
	}
}

// steerHosting turns our own tracker on or off, as the settings say.
func (s *state) steerHosting() {
	h := &s.hosting
	barred := s.hostingBarred()
	wanted := s.settings.TrackerOn && barred == ""
	switch {
	case h.busy:
	case h.host != nil && (!wanted || h.host.at != s.hostAt()):
		h.busy = true
		h.host.stop() // hostEnded is next
	case h.host == nil && wanted && !h.failed:
		h.busy = true
		s.startHosting()
	default:
		if barred != "" {
			h.shown.Err = barred
		}
		s.tellHosts()
	}
	s.showHosting()
}

// hostingBarred says why our own tracker may not run, "" if it may: it would answer past
// what the settings say is the only way out, or tell who we are.
func (s *state) hostingBarred() string {
	if s.route == nil {
		return ""
	}
	switch p := s.route.Policy(); {
	case p.Closed != "":
		return p.Closed + "."
	case p.Interface != "":
		return "The tracker does not run while everything goes over one network interface: choose one of its addresses instead."
	case p.Proxy.Kind != route.NoProxy:
		return "The tracker does not run while there is a proxy: others would see your own address."
	case s.anonymous || s.settings.Privacy.Anonymous: // one holds now, the other from the next start on
		return "The tracker does not run in anonymous mode."
	}
	return ""
}

// tellHosts tells those who wait for the tracker how it is.
func (s *state) tellHosts() {
	s.showHosting()
	h := &s.hosting
	now := h.shown
	if !now.On && now.Err == "" {
		now.Err = "the tracker was turned off"
	}
	for _, c := range h.waiting {
		c <- now
	}
	h.waiting = nil
}

// hostAt is where our own tracker listens: on every address, unless the program stays
// on this machine or listens for peers on one address only.
func (s *state) hostAt() string {
	ip, port := s.cfg.Listen.Addr(), strconv.Itoa(s.settings.TrackerPort)
	if s.route != nil && s.route.Policy().Address.IsValid() {
		ip = s.route.Policy().Address
	}
	switch {
	case ip.IsValid() && !ip.IsUnspecified():
		return net.JoinHostPort(ip.String(), port)
	case s.cfg.Loopback:
		return net.JoinHostPort("127.0.0.1", port)
	}
	return ":" + port
}

func (s *state) startHosting() {
	at, port, log := s.hostAt(), s.settings.TrackerPort, s.log
	quit, mail, all, seen := s.quit, s.mail, &s.hosting.all, s.seenAt()
	s.tasks.push(func() func(*state) {
		server, err := tracker.Listen(at)
		if err != nil {
			return func(s *state) { s.hostFailed(port, err) }
		}
		server.Logger = log
		server.SetList(&tracker.List{}) // nothing is served before it is known what
		serving, stop := context.WithCancel(quit)
		x := &host{Server: server, at: at, stop: stop}
		all.Go(func() {
			err := server.Serve(serving)
			stop()
			mail.post(func(s *state) { s.hostEnded(x, err) })
		})
		places := findPlaces(server.Addr().Addr(), seen)
		return func(s *state) { s.hosts(x, places) }
	})
}

// hosts takes a tracker that has begun to answer.
func (s *state) hosts(x *host, places []Place) {
	h := &s.hosting
	if x.ended {
		return
	}
	h.busy, h.host, h.places, h.listed = false, x, places, false
	h.shown.Err = ""
	s.listHosted()
	s.steerHosting()
}

func (s *state) hostFailed(port int, err error) {
	h := &s.hosting
	h.busy = false
	if port == s.settings.TrackerPort && s.settings.TrackerOn {
		h.failed = true
		h.shown.Err = because(fmt.Sprintf("The tracker cannot use port %d", port), reason(err))
		s.emit(Notice, nil, h.shown.Err)
	}
	s.steerHosting()
}

// reason is the innermost error, without where it happened.
func reason(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// hostEnded takes a tracker that has stopped, of its own accord if err is not nil.
func (s *state) hostEnded(x *host, err error) {
	h := &s.hosting
	x.ended, h.busy, h.host, h.places = true, false, nil, nil
	if err != nil {
		h.failed = true
		h.shown.Err = because("The tracker has stopped", reason(err))
		s.emit(Notice, nil, h.shown.Err)
	}
	s.steerHosting()
}

// showHosting puts what is new into the snapshot.
func (s *state) showHosting() {
	h := &s.hosting
	now := Hosting{Err: h.shown.Err}
	if x := h.host; x != nil {
		now = Hosting{On: true, Port: int(x.Addr().Port()), Places: h.places, TrackerStats: x.Stats()}
	} else if !s.settings.TrackerOn {
		now.Err = ""
	}
	if !sameHosting(now, h.shown) {
		h.shown, s.changed = now, true
	}
}

// placesEvery is how often, in seconds, our addresses are looked at while the tracker
// is on.
const placesEvery = 30

// tendHosting looks after our own tracker once a second.
func (s *state) tendHosting() {
	h := &s.hosting
	x := h.host
	if x == nil {
		return
	}
	if s.ticks%(placesEvery*ticksASecond) == 0 {
		seen := s.seenAt()
		s.tasks.push(func() func(*state) {
			places := findPlaces(x.Addr().Addr(), seen)
			return func(s *state) {
				if s.hosting.host == x && !slices.Equal(s.hosting.places, places) {
					s.hosting.places, s.hosting.listed = places, false
				}
			}
		})
	}
	if !h.listed {
		s.listHosted()
	}
	s.showHosting()
}

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
			if err != nil || u.Path != announcePath || u.Port() != strconv.Itoa(int(h.host.Addr().Port())) {
				continue
			}
			ip, err := netip.ParseAddr(u.Hostname())
			if err == nil && slices.ContainsFunc(h.places, func(p Place) bool { return p.Addr == ip }) {
				return true
			}
		}
	}
	return false
}
