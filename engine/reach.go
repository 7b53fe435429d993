package engine

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"piecewise/engine/internal/outside"
	"piecewise/engine/internal/portmap"
)

// ReachState is whether peers can connect to us.
type ReachState uint8

// The states.
const (
	ReachUnknown ReachState = iota
	ReachOpen               // somebody from outside did
	ReachMapped             // the router says that it lets them
	ReachClosed             // no router does, and nobody came
)

// Reach is whether peers can connect to us, and at which addresses.
type Reach struct {
	State    ReachState
	Why      string     // one sentence
	Mapping  string     // how the router lets peers in: "PCP", "NAT-PMP" or "UPnP"; "" if it does not
	Port     int        // at which peers from outside reach us, if the router maps another than Snapshot.Port; else 0
	Address  netip.Addr // ours as most others see it, IPv4; invalid if that is not known
	Told     string     // by whom, as in "3 peers"
	Address6 netip.Addr // likewise, IPv6
	Told6    string
}

// reaching is what the loop knows of it.
type reaching struct {
	mapper *portmap.Mapper
	told   Reach
	since  time.Time // when it began to listen on the port
	direct bool      // this machine has a public IPv4 address
}

// newMapper makes what asks the router for a port. changed is called by the loop.
func (s *state) newMapper(changed func(*state)) *portmap.Mapper {
	mail := s.mail
	return portmap.New(portmap.Config{
		Route: s.route, Logger: s.log, Gateway: s.cfg.gateway, PMPPort: s.cfg.pmpPort, SSDPPort: s.cfg.ssdpPort,
		Changed: func() { mail.post(changed) },
	})
}

// mapPort has the router asked as the settings want it.
func (s *state) mapPort() {
	port := 0
	if s.settings.PortMapping {
		port = s.port
	}
	s.reach.mapper.Set(uint16(port))
}

// mappingChanged tells trackers of another port.
func (s *state) mappingChanged() {
	before := s.reach.told.Port
	s.sampleReach()
	if s.reach.told.Port != before {
		s.announceAll()
	}
}

// announceAll tells all trackers, of which few at a time are asked, where we are now.
func (s *state) announceAll() {
	for _, t := range s.order {
		if t.tally != nil {
			s.announcer.Force(t.id)
		}
	}
}

// outerPort returns the port at which peers from outside reach us. Any goroutine may ask.
func outerPort(m *portmap.Mapper, listens func() int) func() int {
	return func() int {
		if st := m.Status(); st.State == portmap.Mapped && st.TCP != 0 {
			return int(st.TCP)
		}
		return listens()
	}
}

const interfacesEvery = 30 * ticksASecond // they are looked at

// sampleReach works out what the snapshot says.
func (s *state) sampleReach() {
	if s.ticks%interfacesEvery == ticksASecond {
		s.lookAtInterfaces()
	}
	in := reachIn{
		loopback: s.cfg.Loopback, wanted: s.settings.PortMapping, port: s.port, mapping: s.reach.mapper.Status(),
		since: s.reach.since, direct: s.reach.direct, closed: s.way.Closed,
	}
	s.control.SetOuter(in.mapping.TCP, in.mapping.UDP)
	in.came4, in.came6 = s.control.Reached()
	told := in.reach()
	told.Address, told.Told = s.outside(false, in.mapping.External)
	told.Address6, told.Told6 = s.outside(true, netip.Addr{})
	if told != s.reach.told {
		s.reach.told, s.changed = told, true
	}
}

// lookAtInterfaces finds out whether this machine has a public address itself.
func (s *state) lookAtInterfaces() {
	s.tasks.push(func() func(*state) {
		addrs, _ := net.InterfaceAddrs() // without any none is public
		direct := false
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				direct = direct || p.Addr().Is4() && outside.Public(p.Addr())
			}
		}
		return func(s *state) { s.reach.direct = direct }
	})
}

// outside returns our address as most others see it: trackers (BEP 24), peers (BEP 10),
// or else the router.
func (s *state) outside(v6 bool, router netip.Addr) (netip.Addr, string) {
	var trackers outside.Votes
	n := 0
	for _, t := range s.order {
		for _, st := range t.trackers {
			if a := st.External; a.IsValid() && a.Is6() == v6 && n < 256 {
				n++
				trackers.Tell(netip.AddrFrom4([4]byte{byte(n), byte(n >> 8), 1}), a)
				trackers.Tell(netip.AddrFrom4([4]byte{byte(n), byte(n >> 8), 2}), a)
			}
		}
	}
	if a, votes := s.control.Outside(v6); a.IsValid() {
		return a, fmt.Sprintf("%d peers", votes)
	}
	if a, _ := trackers.Best(v6); a.IsValid() {
		return a, "a tracker"
	}
	if router.IsValid() && router.Is6() == v6 {
		return router, "the router"
	}
	return netip.Addr{}, ""
}

// reachIn is what decides.
type reachIn struct {
	loopback     bool
	wanted       bool // the router is to be asked
	port         int
	mapping      portmap.Status
	came4, came6 time.Time // somebody from outside
	since        time.Time
	direct       bool
	closed       string // why nothing leaves or comes
}

// reach is the rule.
func (in reachIn) reach() Reach {
	r := Reach{}
	m := in.mapping
	if m.State == portmap.Mapped {
		r.Mapping = m.Method
		if int(m.TCP) != in.port {
			r.Port = int(m.TCP)
		}
	}
	came := in.came4
	if in.came6.After(came) {
		came = in.came6
	}
	switch {
	case in.closed != "":
		r.State, r.Why = ReachClosed, in.closed+"."
	case came.After(in.since) && !in.since.IsZero():
		r.State, r.Why = ReachOpen, "Peers from outside connect, "+came.Format("15:04")+" for the last time."
		if in.came4.Before(in.since) {
			r.Why = "Peers from outside connect over IPv6, " + came.Format("15:04") + " for the last time; over IPv4 nobody has yet."
		}
	case in.loopback && m.State == portmap.Off:
		r.Why = "Only this machine may connect, so nobody from outside can."
	case m.State == portmap.Mapped && m.External.IsValid() && !outside.Public(m.External):
		r.State = ReachMapped
		r.Why = fmt.Sprintf("The router forwards the port (%s), but its own address, %v, is not public: another router is in front of it. Nobody has connected yet.", m.Method, m.External)
	case m.State == portmap.Mapped:
		r.State, r.Why = ReachMapped, fmt.Sprintf("The router forwards the port (%s); nobody has connected yet.", m.Method)
	case m.State == portmap.Asking:
		r.Why = "The router is being asked to forward the port."
	case in.direct:
		r.Why = "This machine has a public address; nobody has connected to it yet."
	case m.State == portmap.Failed:
		r.State = ReachClosed
		r.Why = fmt.Sprintf("Nobody from outside has connected, and no router forwards the port: %s.", m.Why)
		if m.Pinhole.IsValid() {
			r.State, r.Why = ReachMapped, "The router lets peers in over IPv6 only; nobody has connected yet."
		}
	case in.wanted && m.Why != "":
		r.Why = fmt.Sprintf("Nobody from outside has connected yet, and the router is not asked to forward the port: %s.", m.Why)
	default:
		r.Why = "The router is not asked to forward the port, and nobody from outside has connected yet."
	}
	return r
}
