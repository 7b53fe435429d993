package test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

// Aria2 is an aria2c. It dials only whom a tracker names, and tells nothing of
// its connections.
type Aria2 struct {
	addr netip.AddrPort
	rpc  string
	*Process
}

// StartAria2 starts one that seeds or downloads. Of its own accord it encrypts
// nothing, but it answers whoever does.
func StartAria2(t testing.TB, o PeerOptions) *Aria2 {
	t.Helper()
	port := freePort(t)
	p := &Aria2{addr: o.address(t), rpc: fmt.Sprintf("http://127.0.0.1:%d/jsonrpc", port)}
	args := []string{
		"--no-conf", "--quiet", "--enable-rpc", "--rpc-listen-all=false", fmt.Sprintf("--rpc-listen-port=%d", port),
		"--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false", "--enable-peer-exchange=false", "--disable-ipv6",
		fmt.Sprintf("--interface=%v", p.addr.Addr()), fmt.Sprintf("--listen-port=%d", p.addr.Port()),
		"--dir=" + o.Dir, "--seed-ratio=0", "--check-integrity", "--allow-overwrite", "--file-allocation=none",
		"--rpc-save-upload-metadata=false", "--auto-save-interval=0", // no files but those of the torrent
		fmt.Sprintf("--max-overall-upload-limit=%d", o.UpLimit), fmt.Sprintf("--bt-force-encryption=%v", o.Encryption == "forced"),
	}
	p.Process = Start(t, Command(t, t.TempDir(), "aria2c", args...), nil)
	Poll(t, 20*time.Second, "aria2 answers", func() bool { return p.call("getVersion", nil) == nil })
	for _, source := range o.Sources {
		if err := p.add(source); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func (p *Aria2) add(source string) error {
	if strings.HasPrefix(source, "magnet:") {
		return p.call("addUri", nil, []string{source})
	}
	content, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	return p.call("addTorrent", nil, base64.StdEncoding.EncodeToString(content))
}

// call asks it over its remote interface.
func (p *Aria2) call(method string, result any, params ...any) error {
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": "1", "method": "aria2." + method, "params": append([]any{}, params...)})
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 10 * time.Second}
	said, err := answer(client.Post(p.rpc, "application/json", bytes.NewReader(body)))
	if err != nil {
		return err
	}
	return json.Unmarshal(said, &struct{ Result any }{result})
}

// Addr is where it listens.
func (p *Aria2) Addr() netip.AddrPort { return p.addr }

// Await waits until it has all of d.
func (p *Aria2) Await(t testing.TB, d *Data, limit time.Duration) {
	t.Helper()
	Poll(t, limit, "aria2 has "+d.Name, func() bool {
		var active []struct {
			InfoHash, Seeder string
			VerifiedLength   string // while it checks
		}
		if p.call("tellActive", &active) != nil {
			return false
		}
		for _, got := range active {
			if got.InfoHash == d.ID() {
				return got.Seeder == "true" && got.VerifiedLength == ""
			}
		}
		return false
	})
}

// Connections returns nothing.
func (p *Aria2) Connections(*Data) []Connection { return nil }
