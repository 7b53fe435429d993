package test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"
)

// Network is a network namespace at the other end of an interface of ours. All names
// are its Host there, and all that can be reached is it.
type Network struct {
	Interface string // ours
	Host      string // its address
	lan       string // our address is its .2 and that of the router its .1
	ours6     string
	metric    int // of our default route
	anchor    *Process
}

// The hosts of two networks have addresses that are neither private nor in use (RFC 5737,
// 3849). Both have the name server that our resolv.conf names.
const nameServer = "192.0.2.53"

func tunnel() *Network {
	return &Network{Interface: "tun0", Host: "198.51.100.1", lan: "10.8.0.", ours6: "2001:db8:a::2", metric: 100}
}

func outside() *Network {
	return &Network{Interface: "eth0", Host: "203.0.113.1", lan: "192.168.77.", ours6: "2001:db8:b::2", metric: 10}
}

// BetweenNetworks runs the calling test in a network namespace of its own, as
// InNamespace does, where names are asked of nameServer. It is for root only.
func BetweenNetworks(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("two networks can be made by root only")
	}
	return inNamespace(t, []string{"--net", "--mount"},
		`ip link set lo up && echo nameserver `+nameServer+` >"$HOME/resolv.conf" && mount --bind "$HOME/resolv.conf" /etc/resolv.conf && exec "$@"`)
}

// start makes the namespace and connects it.
func (n *Network) start(t *testing.T) {
	t.Helper()
	n.anchor = Start(t, Command(t, t.TempDir(), "unshare", "--net", "sleep", "300"), nil)
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	Poll(t, 10*time.Second, "the network is there", func() bool {
		its, err := os.Readlink(n.path())
		return err == nil && its != own
	})
	sh(t, n.inside("ip link set lo up; ip address add "+nameServer+"/32 dev lo; ip address add "+n.Host+"/32 dev lo"))
	n.plug(t)
	go n.names(n.packets(t, nameServer+":53")) // until the test ends
}

func (n *Network) path() string { return fmt.Sprintf("/proc/%d/ns/net", n.anchor.PID()) }

func (n *Network) inside(script string) string {
	return fmt.Sprintf("nsenter -t %d -n sh -ec '%s'", n.anchor.PID(), script)
}

// plug makes the interface and its end in the network.
func (n *Network) plug(t *testing.T) {
	t.Helper()
	host6 := strings.TrimSuffix(n.ours6, "2") + "1"
	sh(t, fmt.Sprintf(`ip link add %[1]s type veth peer name far netns %[2]d; ip address add %[3]s/24 dev %[1]s; %[4]s`,
		n.Interface, n.anchor.PID(), n.lan+"2",
		n.inside(fmt.Sprintf("ip address add %s1/24 dev far; ip address add %s/64 dev far nodad; ip link set far up", n.lan, host6))))
	n.up(t)
}

// up brings the interface up, with the routes that go when it is down.
func (n *Network) up(t *testing.T) {
	t.Helper()
	sh(t, fmt.Sprintf(`ip link set %[1]s up; ip address replace %[2]s/64 dev %[1]s nodad
		ip route replace default via %[3]s dev %[1]s metric %[4]d; ip -6 route replace default via %[5]s dev %[1]s metric %[4]d`,
		n.Interface, n.ours6, n.lan+"1", n.metric, strings.TrimSuffix(n.ours6, "2")+"1"))
}

func (n *Network) down(t *testing.T)   { t.Helper(); sh(t, "ip link set "+n.Interface+" down") }
func (n *Network) unplug(t *testing.T) { t.Helper(); sh(t, "ip link del "+n.Interface) }

func sh(t *testing.T, script string) {
	t.Helper()
	if said, err := exec.Command("sh", "-ec", script).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, said)
	}
}

// command is Command in the network.
func (n *Network) command(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	return Command(t, t.TempDir(), "nsenter", append([]string{"-t", fmt.Sprint(n.anchor.PID()), "-n", "--", program}, args...)...)
}

// do calls f in the network: the sockets that it makes stay there.
func (n *Network) do(f func() error) error {
	runtime.LockOSThread()
	home, err := os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
	if err != nil {
		return err
	}
	defer home.Close()
	there, err := os.Open(n.path())
	if err != nil {
		return err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return err
	}
	err = f()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		panic(back) // the thread would do the next goroutine's work there
	}
	runtime.UnlockOSThread() // it may not end: what it has started would, see Command
	return err
}

func (n *Network) listen(t *testing.T, at string) (l net.Listener) {
	t.Helper()
	if err := n.do(func() (err error) { l, err = net.Listen("tcp4", at); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func (n *Network) dial(network, addr string) (c net.Conn, err error) {
	err = n.do(func() (err error) { c, err = net.DialTimeout(network, addr, 10*time.Second); return err })
	return c, err
}

func (n *Network) listenPacket(addr string) (pc net.PacketConn, err error) {
	err = n.do(func() (err error) { pc, err = net.ListenPacket("udp4", addr); return err })
	return pc, err
}

func (n *Network) packets(t *testing.T, at string) (pc net.PacketConn) {
	t.Helper()
	if err := n.do(func() (err error) { pc, err = net.ListenPacket("udp4", at); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	return pc
}

// names answers that every name is the network's host.
func (n *Network) names(pc net.PacketConn) {
	b := make([]byte, 1500)
	for {
		size, from, err := pc.ReadFrom(b)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(bytes.Clone(b[:size])) != nil || len(m.Questions) != 1 {
			continue
		}
		q := m.Questions[0]
		m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
		if q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
				Body:   &dnsmessage.AResource{A: [4]byte(net.ParseIP(n.Host).To4())},
			}}
		}
		if answer, err := m.Pack(); err == nil {
			pc.WriteTo(answer, from)
		}
	}
}
