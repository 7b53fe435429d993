package engine

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/route"
	"piecewise/engine/internal/store"
)

// Privacy is on which way we leave this machine, and what we tell of ourselves. A
// change holds at once, but for Anonymous.
type Privacy struct {
	// Bind is the name of the network interface over which everything goes, or the
	// local address from which everything comes; "" for any. While it is gone nothing
	// leaves.
	Bind      string `json:"bind"`
	Proxy     Proxy  `json:"proxy"`
	Anonymous bool   `json:"anonymous"` // from the next start on: tell nobody which program this is
}

// Proxy is a host through which connections are made, and never without it.
type Proxy struct {
	Kind     ProxyKind `json:"kind"`
	Address  string    `json:"address"` // "host:port"
	User     string    `json:"user"`
	Password string    `json:"password"` // kept as it is
	Peers    bool      `json:"peers"`    // peers use it; uTP and the DHT too, if it carries UDP
	Trackers bool      `json:"trackers"`
	WebSeeds bool      `json:"web_seeds"` // and links to torrents
	Listen   bool      `json:"listen"`    // peers may connect to us past it
}

// ProxyKind is a protocol that a proxy speaks.
type ProxyKind uint8

// The kinds of proxies.
const (
	NoProxy ProxyKind = iota
	ProxySOCKS5
	ProxyHTTP // carries no UDP
)

var proxyKinds = [...]string{"none", "socks5", "http"}

// String returns the kind as one lower-case word, as the settings have it.
func (k ProxyKind) String() string {
	if int(k) < len(proxyKinds) {
		return proxyKinds[k]
	}
	return proxyKinds[NoProxy]
}

// MarshalText returns String.
func (k ProxyKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what String returns.
func (k *ProxyKind) UnmarshalText(text []byte) error {
	i := slices.Index(proxyKinds[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is not a kind of proxy", text)
	}
	*k = ProxyKind(i)
	return nil
}

// ParseProxy reads "socks5://user:password@host:port" or "http://host:port", for
// everything.
func ParseProxy(text string) (Proxy, error) {
	u, err := url.Parse(text)
	if err != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		return Proxy{}, errors.New("a proxy is socks5://host:port or http://host:port, with user:password@ before the host if it wants that")
	}
	x := Proxy{Address: u.Host, User: u.User.Username(), Peers: true, Trackers: true, WebSeeds: true}
	x.Password, _ = u.User.Password()
	switch u.Scheme {
	case "socks5", "socks5h":
		x.Kind = ProxySOCKS5
	case "http":
		x.Kind = ProxyHTTP
	default:
		return Proxy{}, errors.New("a proxy is socks5://… or http://…")
	}
	return x, x.Check()
}

// Check returns why a proxy cannot be used, as the end of a sentence.
func (x Proxy) Check() error {
	if x.Kind == NoProxy {
		return nil
	}
	host, port, err := net.SplitHostPort(x.Address)
	n, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || bad != nil || host == "" || n == 0 {
		return errors.New("its address is host:port")
	}
	return nil
}

// Way is how we leave this machine, as it is now.
type Way struct {
	Bound     string // the interface or address over which everything goes; "" for any
	Closed    string // why nothing leaves, a sentence without its full stop; "" while something may
	Proxy     string // "SOCKS5 10.0.0.1:1080"; "" without one
	Failed    string // why the proxy failed when it was last used; "" if it did not
	Anonymous bool   // nobody is told which program this is
}

// WayOut is something that Privacy.Bind can name.
type WayOut struct {
	Name  string // an interface, or a local address
	Words string // what it is, for people
}

// WaysOut lists the interfaces of this machine that are up, each with its addresses
// behind it. It asks the system, which takes well under a millisecond.
func WaysOut() (all []WayOut) {
	links, _ := net.Interfaces() // without them there is nothing to choose
	for _, l := range links {
		addrs, err := l.Addrs()
		if err != nil || len(addrs) == 0 || l.Flags&net.FlagUp == 0 || l.Flags&net.FlagLoopback != 0 {
			continue
		}
		all = append(all, WayOut{l.Name, l.Name})
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && !n.IP.IsLinkLocalUnicast() {
				all = append(all, WayOut{n.IP.String(), n.IP.String() + " on " + l.Name})
			}
		}
	}
	return all
}

// unreadable is why nothing leaves when the settings of the profile are lost: they may
// have said that nothing should.
const unreadable = "The settings could not be read, so nothing leaves until you have looked at them and saved them"

// routePolicy is what the settings say, as the route has it.
func (p Privacy) routePolicy() route.Policy {
	x := p.Proxy
	policy := route.Policy{Proxy: route.Proxy{
		Kind: route.ProxyKind(x.Kind), Address: x.Address, User: x.User, Password: x.Password,
		Peers: x.Peers, Trackers: x.Trackers, WebSeeds: x.WebSeeds, Listen: x.Listen,
	}}
	if ip, err := netip.ParseAddr(p.Bind); err == nil {
		policy.Address = ip.Unmap()
	} else {
		policy.Interface = p.Bind
	}
	return policy
}

func (p Privacy) repaired() Privacy {
	p.Bind = strings.TrimSpace(p.Bind)
	p.Proxy.Address = strings.TrimSpace(p.Proxy.Address)
	return p
}

// newRoute makes the way out of this machine as the settings have it.
func newRoute(cfg Config, v Settings, lost bool) *route.Route {
	policy := v.Privacy.routePolicy()
	if lost {
		policy.Closed = unreadable
	}
	return route.New(route.Config{Loopback: cfg.Loopback, From: cfg.Listen.Addr(), Policy: policy, Logger: cfg.Logger})
}

// routeOf makes the route that an engine with a configuration would have, and tells
// whether it is anonymous. The profile is read if there is one.
func routeOf(cfg Config) (way *route.Route, anonymous bool, err error) {
	kept, lost := keptSettings{Settings: DefaultSettings()}, false
	// Of an empty profile nothing is to be read, and none is made for a link that leads nowhere.
	if there, err := os.ReadDir(cfg.Profile); cfg.Profile != "" && err == nil && len(there) > 0 {
		st, _, err := store.Open(cfg.Profile)
		if errors.Is(err, store.ErrInUse) {
			return nil, false, ErrProfileInUse
		}
		if err != nil {
			return nil, false, fmt.Errorf("open profile: %w", err)
		}
		lost = st.Settings(&kept) != nil
		if err := st.Close(); err != nil {
			return nil, false, fmt.Errorf("close profile: %w", err)
		}
	}
	v := standIn(kept.Settings, cfg)
	return newRoute(cfg, v, lost), v.Privacy.Anonymous, nil
}

// followRoute has the loop hear when the way out changes.
func (s *state) followRoute() (stop func()) {
	mail := s.mail
	return s.route.Notify(func() { mail.post((*state).wayChanged) })
}

// wayNow is what the snapshot says of the way out.
func (s *state) wayNow() Way {
	now := s.route.State()
	return Way{Bound: now.Bound, Closed: now.Closed, Proxy: now.Proxy, Failed: now.Failed, Anonymous: s.anonymous}
}

// wayChanged tells what has changed. Once something may leave again, the peers that are
// known are dialled and trackers are asked for more.
func (s *state) wayChanged() {
	was := s.way
	s.way, s.changed = s.wayNow(), true
	s.hostMoved()
	switch {
	case s.way.Closed != "" && was.Closed != s.way.Closed:
		s.emit(Notice, nil, s.way.Closed+".")
	case s.way.Closed == "" && was.Closed != "":
		if s.way.Bound != "" {
			s.emit(Notice, nil, s.way.Bound+" is back.")
		}
		s.goOn()
	case was.Bound != s.way.Bound || was.Proxy != s.way.Proxy:
		s.goOn() // on another way, after all connections have ended
	}
}

// goOn looks for peers again, as after a pause.
func (s *state) goOn() {
	for _, t := range s.order {
		if t.tally != nil {
			s.announcer.Force(t.id)
		}
		r := t.run
		if r == nil {
			continue
		}
		own, told := slices.Clone(t.peers), slices.Clone(t.told)
		s.library.push(func() func(*state) {
			r.AddPeers(told, plane.OriginTracker)
			r.AddPeers(own, plane.OriginManual)
			return nil
		})
	}
}
