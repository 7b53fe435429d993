package test

import (
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// RTorrent is an rtorrent. It has no fast extension (BEP 6).
type RTorrent struct {
	addr netip.AddrPort
	scgi string // where it listens for commands
	*Process
}

// rtorrentConfig has gaps for the folder, where it listens (the port twice), its
// encryption, kB/s to send, and where it listens for commands.
const rtorrentConfig = `system.daemon.set = true
directory.default.set = "%s"
network.bind_address.set = %s
network.port_range.set = %d-%d
network.port_random.set = no
protocol.encryption.set = %s
throttle.global_up.max_rate.set_kb = %d
network.scgi.open_port = %v
dht.mode.set = disable
protocol.pex.set = no
trackers.use_udp.set = yes
`

var rtorrentEncryption = map[string]string{
	"": "allow_incoming,try_outgoing,enable_retry", "off": "none",
	"forced": "allow_incoming,try_outgoing,require,require_RC4",
}

// StartRTorrent starts one that seeds or downloads.
func StartRTorrent(t testing.TB, o PeerOptions) *RTorrent {
	t.Helper()
	scgi, home := Address(t), t.TempDir()
	p := &RTorrent{addr: o.address(t), scgi: scgi.String()}
	config := fmt.Sprintf(rtorrentConfig, o.Dir, p.addr.Addr(), p.addr.Port(), p.addr.Port(),
		rtorrentEncryption[o.Encryption], o.UpLimit/1024, scgi)
	path := filepath.Join(home, "rc")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := Command(t, home, "rtorrent", "-n", "-o", "import="+path)
	cmd.Env = append(cmd.Env, "TERM=xterm") // it looks for a terminal that it does not use
	p.Process = Start(t, cmd, nil)
	Poll(t, 20*time.Second, "rtorrent answers", func() bool {
		_, err := p.call("system.pid")
		return err == nil
	})
	for _, source := range o.Sources {
		if _, err := p.call("load.start", "", source); err != nil {
			t.Fatal(err)
		}
	}
	if o.Connect.IsValid() {
		p.connect(t, o.Connect)
	}
	return p
}

// connect makes it dial a peer for all that it has, once it has it.
func (p *RTorrent) connect(t testing.TB, to netip.AddrPort) {
	t.Helper()
	Poll(t, 20*time.Second, "rtorrent dials", func() bool {
		got := p.torrents()
		for _, torrent := range got {
			if _, err := p.call("add_peer", torrent[0], to.String()); err != nil {
				return false
			}
		}
		return len(got) > 0
	})
}

// rtorrentValue is an XML-RPC value: a text or a list.
type rtorrentValue struct {
	String string          `xml:"string"`
	Number string          `xml:"i8"`
	Int    string          `xml:"i4"`
	List   []rtorrentValue `xml:"array>data>value"`
}

func (v rtorrentValue) text() string { return v.String + v.Number + v.Int }

// table returns a list of lists.
func (v rtorrentValue) table() (rows [][]string) {
	for _, row := range v.List {
		var texts []string
		for _, cell := range row.List {
			texts = append(texts, cell.text())
		}
		rows = append(rows, texts)
	}
	return rows
}

// call gives it a command (XML-RPC over SCGI).
func (p *RTorrent) call(method string, params ...string) (rtorrentValue, error) {
	var body strings.Builder
	fmt.Fprintf(&body, "<?xml version=\"1.0\"?><methodCall><methodName>%s</methodName><params>", method)
	for _, param := range params {
		body.WriteString("<param><value><string>")
		_ = xml.EscapeText(&body, []byte(param)) // into memory
		body.WriteString("</string></value></param>")
	}
	body.WriteString("</params></methodCall>")
	c, err := net.DialTimeout("tcp4", p.scgi, 5*time.Second)
	if err != nil {
		return rtorrentValue{}, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second)) // else the test's limit ends it
	head := fmt.Sprintf("CONTENT_LENGTH\x00%d\x00SCGI\x001\x00", body.Len())
	fmt.Fprintf(c, "%d:%s,%s", len(head), head, body.String())
	said, err := io.ReadAll(c)
	if err != nil {
		return rtorrentValue{}, err
	}
	_, content, _ := strings.Cut(string(said), "\r\n\r\n")
	var r struct {
		Value rtorrentValue `xml:"params>param>value"`
		Fault *struct{}     `xml:"fault"`
	}
	if err := xml.Unmarshal([]byte(content), &r); err != nil {
		return rtorrentValue{}, err
	}
	if r.Fault != nil {
		return rtorrentValue{}, fmt.Errorf("%s: %s", method, content)
	}
	return r.Value, nil
}

// torrents returns of each the info hash, and what Await wants to know.
func (p *RTorrent) torrents() [][]string {
	v, err := p.call("d.multicall2", "", "main", "d.hash=", "d.complete=", "d.is_active=", "d.hashing=", "d.is_meta=")
	if err != nil {
		return nil
	}
	return v.table()
}

// Addr is where it listens.
func (p *RTorrent) Addr() netip.AddrPort { return p.addr }

// Await waits until it has all of d.
func (p *RTorrent) Await(t testing.TB, d *Data, limit time.Duration) {
	t.Helper()
	want := strings.ToUpper(d.ID()) + " 1 1 0 0"
	Poll(t, limit, "rtorrent has "+d.Name, func() bool {
		for _, row := range p.torrents() {
			if strings.Join(row, " ") == want {
				return true
			}
		}
		return false
	})
}

// Connections are those over which payload of d has gone.
func (p *RTorrent) Connections(d *Data) (all []Connection) {
	v, err := p.call("p.multicall", strings.ToUpper(d.ID()), "", "p.is_encrypted=", "p.down_total=", "p.up_total=")
	if err != nil {
		return nil
	}
	for _, row := range v.table() {
		if row[1] != "0" || row[2] != "0" {
			all = append(all, Connection{Encrypted: row[0] == "1"})
		}
	}
	return all
}
