package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// QBittorrent is a qbittorrent-nox.
type QBittorrent struct {
	addr netip.AddrPort
	api  string // what the paths of its web interface begin with
	utp  bool   // it has no TCP
	*Process
}

// qbittorrentConfig has gaps for where it listens (twice), the transport, the
// encryption, kB/s to send, the folder, and where the web interface listens.
const qbittorrentConfig = `[BitTorrent]
Session\Interface=lo
Session\InterfaceName=lo
Session\InterfaceAddress=%s
Session\Port=%d
Session\UseRandomPort=false
Session\BTProtocol=%s
Session\Encryption=%d
Session\GlobalUPSpeedLimit=%d
Session\DefaultSavePath=%s
Session\DHTEnabled=false
Session\LSDEnabled=false
Session\PeXEnabled=false
Session\MultiConnectionsPerIp=true
Session\QueueingSystemEnabled=false
Session\AddTorrentPaused=false
Session\RefreshInterval=100
[LegalNotice]
Accepted=true
[Network]
PortForwardingEnabled=false
[Preferences]
Connection\UPnP=false
Connection\ResolvePeerCountries=false
WebUI\Enabled=true
WebUI\Address=%s
WebUI\Port=%d
WebUI\LocalHostAuth=false
WebUI\AuthSubnetWhitelistEnabled=true
WebUI\AuthSubnetWhitelist=127.0.0.0/8, 10.99.0.0/16
WebUI\UseUPnP=false
WebUI\CSRFProtection=false
WebUI\HostHeaderValidation=false
`

var (
	qbittorrentEncryption = map[string]int{"": 0, "forced": 1, "off": 2}
	qbittorrentTransport  = map[bool]string{false: "TCP", true: "UTP"}
)

// StartQBittorrent starts one that seeds or downloads.
func StartQBittorrent(t testing.TB, o PeerOptions) *QBittorrent {
	t.Helper()
	web, home := Address(t), t.TempDir()
	p := &QBittorrent{addr: o.address(t), api: fmt.Sprintf("http://%v/api/v2/", web), utp: o.UTP}
	config := fmt.Sprintf(qbittorrentConfig, p.addr.Addr(), p.addr.Port(), qbittorrentTransport[o.UTP],
		qbittorrentEncryption[o.Encryption], o.UpLimit/1024, o.Dir, web.Addr(), web.Port())
	path := filepath.Join(home, "qBittorrent", "config", "qBittorrent.conf")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Process = Start(t, Command(t, home, "qbittorrent-nox", "--profile="+home), nil)
	Poll(t, 30*time.Second, "qbittorrent answers", func() bool {
		_, err := p.get("app/version")
		return err == nil
	})
	for _, source := range o.Sources {
		if err := p.add(source, o.Dir); err != nil {
			t.Fatal(err)
		}
	}
	if o.Connect.IsValid() {
		p.connect(t, o.Connect)
	}
	return p
}

func (p *QBittorrent) get(path string) ([]byte, error) {
	client := http.Client{Timeout: 10 * time.Second}
	return answer(client.Get(p.api + path))
}

func (p *QBittorrent) post(path, kind string, body io.Reader) ([]byte, error) {
	client := http.Client{Timeout: 10 * time.Second}
	return answer(client.Post(p.api+path, kind, body))
}

func answer(r *http.Response, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", r.Status, body)
	}
	return body, err
}

// add adds a .torrent file or a magnet link.
func (p *QBittorrent) add(source, dir string) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("savepath", dir) // into memory
	if strings.HasPrefix(source, "magnet:") {
		_ = form.WriteField("urls", source)
	} else {
		content, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		part, err := form.CreateFormFile("torrents", "the.torrent")
		if err != nil {
			return err
		}
		_, _ = part.Write(content)
	}
	_ = form.Close()
	said, err := p.post("torrents/add", form.FormDataContentType(), &body)
	if err == nil && string(said) != "Ok." {
		err = fmt.Errorf("add %s to qbittorrent: %s", source, said)
	}
	return err
}

// connect makes it dial a peer for all that it has, once it has it: adding takes
// longer than the answer.
func (p *QBittorrent) connect(t testing.TB, to netip.AddrPort) {
	t.Helper()
	Poll(t, 20*time.Second, "qbittorrent dials", func() bool {
		var hashes []string
		for _, torrent := range p.torrents() {
			hashes = append(hashes, torrent.Hash)
		}
		form := url.Values{"hashes": {strings.Join(hashes, "|")}, "peers": {to.String()}}
		_, err := p.post("torrents/addPeers", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
		return err == nil && len(hashes) > 0
	})
}

type qbittorrentTorrent struct {
	Hash, State string
	Progress    float64
}

// torrents returns what it tells of all torrents, or nothing.
func (p *QBittorrent) torrents() (all []qbittorrentTorrent) {
	if body, err := p.get("torrents/info"); err != nil || json.Unmarshal(body, &all) != nil {
		return nil
	}
	return all
}

// Addr is where it listens.
func (p *QBittorrent) Addr() netip.AddrPort { return p.addr }

// Await waits until it has all of d.
func (p *QBittorrent) Await(t testing.TB, d *Data, limit time.Duration) {
	t.Helper()
	Poll(t, limit, "qbittorrent has "+d.Name, func() bool {
		for _, got := range p.torrents() {
			if got.Hash == d.ID() {
				return got.Progress == 1 && (got.State == "uploading" || got.State == "stalledUP") && (p.utp || p.accepts())
			}
		}
		return false
	})
}

// accepts reports whether it lets peers in over TCP. For some time after it says that
// it seeds, it hangs up on everybody.
func (p *QBittorrent) accepts() bool {
	c, err := net.DialTimeout("tcp", p.addr.String(), time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	if err := c.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		return false
	}
	_, err = c.Read(make([]byte, 1))
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// Connections are those over which payload of d has gone.
func (p *QBittorrent) Connections(d *Data) (all []Connection) {
	var told struct {
		Peers map[string]struct {
			Flags                string
			Downloaded, Uploaded int64
		}
	}
	body, err := p.get("sync/torrentPeers?rid=0&hash=" + d.ID())
	if err != nil || json.Unmarshal(body, &told) != nil {
		return nil
	}
	for _, peer := range told.Peers {
		if peer.Downloaded+peer.Uploaded == 0 {
			continue
		}
		all = append(all, Connection{Encrypted: strings.Contains(peer.Flags, "E"), UTP: strings.Contains(peer.Flags, "P")})
	}
	return all
}
