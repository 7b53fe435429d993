package terminal

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"piecewise/engine"

	"github.com/alecthomas/kong"
)

// flags are the flags that every command has.
type flags struct {
	Profile       string           `placeholder:"DIR" help:"Keep everything we store in this folder."`
	Dir           string           `placeholder:"DIR" help:"Save in this folder (get, verify: the current one)."`
	Listen        address          `placeholder:"ADDR:PORT" help:"Let peers connect here; port 0 is any free one."`
	Port          uint16           `placeholder:"PORT" help:"Let peers connect at this port, at every address or that of --listen."`
	Peer          []netip.AddrPort `placeholder:"ADDR:PORT" help:"Dial this peer (repeatable)."`
	NoDHT         bool             `name:"no-dht" help:"Do not look for peers in the distributed hash table (DHT)."`
	DHTNode       []string         `name:"dht-node" placeholder:"NODE" help:"Ask this node (HOST:PORT) first, in place of those in the settings (repeatable); with --loopback the DHT is used only with one at 127.0.0.0/8 or ::1."`
	NoPEX         bool             `name:"no-pex" help:"Neither tell peers of other peers nor listen to what they tell (PEX)."`
	NoLSD         bool             `name:"no-lsd" help:"Do not look for peers on the local network (LSD)."`
	LSD           bool             `name:"lsd" help:"With --loopback, look for peers on the loopback interface, which is not done else."`
	NoPortMapping bool             `help:"Do not ask the router to forward our port."`
	NoUTP         bool             `name:"no-utp" help:"Connect over TCP only, not over µTP."`
	Loopback      bool             `help:"Stay on this machine: bind and dial 127.0.0.0/8 and ::1 only."`
	Preallocate   bool             `help:"Give files all their room on the disk before the first byte, where the file system can."`
	Interface     string           `placeholder:"NAME|ADDR" help:"Let everything leave over this network interface, or from this local address, only; while it is gone nothing leaves."`
	Proxy         proxy            `placeholder:"URL" help:"Reach peers, trackers and web seeds through this proxy only: socks5://user:password@host:port or http://host:port."`
	Anonymous     bool             `help:"Tell nobody which program this is."`
	UpLimit       rate             `placeholder:"RATE" help:"Send at most this much a second, as in 2MiB, 500kB or plain bytes."`
	DownLimit     rate             `placeholder:"RATE" help:"Receive at most this much a second."`
	NoUpload      bool             `help:"Send nothing to anybody."`
	SuperSeed     *bool            `negatable:"" help:"Show each peer few pieces of what is complete, so that a first seed sends little more than one copy (by itself only for what is new)."`
	Encryption    encryption       `placeholder:"HOW" help:"Encrypt connections to peers: allow (only if they want it; the default of a new profile), prefer, require or off."`
	Version       kong.VersionFlag `help:"Print the version."`
}

// encryption is what encryption connections have; the zero value is as the settings
// say.
type encryption engine.EncryptionPolicy

// UnmarshalText reads "allow", "prefer", "require" or "off".
func (e *encryption) UnmarshalText(text []byte) error {
	var p engine.EncryptionPolicy
	if err := p.UnmarshalText(text); err != nil || p == engine.EncryptionDefault {
		return fmt.Errorf("%q is not allow, prefer, require or off", text)
	}
	*e = encryption(p)
	return nil
}

// proxy is the URL of a proxy.
type proxy struct{ engine.Proxy }

// UnmarshalText reads what engine.ParseProxy does.
func (p *proxy) UnmarshalText(text []byte) (err error) {
	p.Proxy, err = engine.ParseProxy(string(text))
	return err
}

// address is an ADDR:PORT to listen on, of which ADDR may be left out.
type address struct{ netip.AddrPort }

// UnmarshalText reads "127.0.0.1:6881", "[::1]:0" or ":6881".
func (a *address) UnmarshalText(text []byte) error {
	s := string(text)
	if strings.HasPrefix(s, ":") {
		s = netip.IPv4Unspecified().String() + s // the engine adds IPv6
	}
	p, err := netip.ParseAddrPort(s)
	if err != nil {
		return fmt.Errorf("%q is not ADDR:PORT", text)
	}
	a.AddrPort = p
	return nil
}

// check finds flags that contradict each other.
func (f *flags) check() error {
	for _, p := range f.Peer {
		if p.Port() == 0 {
			return fmt.Errorf("--peer %v has no port", p)
		}
		if f.Loopback && !p.Addr().Unmap().IsLoopback() {
			return fmt.Errorf("--peer %v is not on this machine, which --loopback demands", p)
		}
	}
	if at := f.Listen.Addr(); f.Loopback && at.IsValid() && !at.IsUnspecified() && !at.Unmap().IsLoopback() {
		return errors.New("--listen is not on this machine, which --loopback demands")
	}
	if at := f.Listen.Port(); f.Port != 0 && at != 0 && at != f.Port {
		return fmt.Errorf("--port %d is not that of --listen, which is %d", f.Port, at)
	}
	for _, node := range f.DHTNode {
		if _, port, err := net.SplitHostPort(node); err != nil || port == "" {
			return fmt.Errorf("--dht-node %s is not HOST:PORT", node)
		}
	}
	if f.LSD && f.NoLSD {
		return errors.New("--lsd and --no-lsd contradict each other")
	}
	if f.NoUpload && (f.superSeed(true) || f.UpLimit > 0) {
		return errors.New("--no-upload leaves nothing for --up-limit or --super-seed to do")
	}
	return nil
}

// superSeed reports whether the user wants or refuses super-seeding; he may do neither.
func (f *flags) superSeed(want bool) bool { return f.SuperSeed != nil && *f.SuperSeed == want }

// config returns the engine's configuration; its Profile may be "".
func (f *flags) config() engine.Config {
	return engine.Config{
		Profile: f.Profile, Dir: f.Dir, Listen: f.Listen.AddrPort, Loopback: f.Loopback,
		NoDHT: f.NoDHT, DHTNodes: f.DHTNode, NoPEX: f.NoPEX, NoLSD: f.NoLSD, LoopbackLSD: f.LSD, NoPortMapping: f.NoPortMapping, NoUTP: f.NoUTP,
		Preallocate: f.Preallocate, UpLimit: int64(f.UpLimit), DownLimit: int64(f.DownLimit), NoUpload: f.NoUpload, SuperSeed: f.superSeed(true), NoSuperSeed: f.superSeed(false),
		Encryption: engine.EncryptionPolicy(f.Encryption), Bind: f.Interface, Proxy: f.Proxy.Proxy, Anonymous: f.Anonymous, Port: int(f.Port),
	}
}
