package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Transmission is a transmission-daemon. Version 3 takes no peers in 127.0.0.0/8
// from a tracker, so it has to be dialled.
type Transmission struct {
	addr    netip.AddrPort
	rpc     string
	session string // what it wants to hear against forged requests
	*Process
}

var transmissionEncryption = map[string]int{"off": 0, "": 1, "forced": 2}

// StartTransmission starts a daemon that seeds or downloads.
func StartTransmission(t testing.TB, o PeerOptions) *Transmission {
	t.Helper()
	p := &Transmission{addr: o.address(t)}
	if o.UTP { // it cannot do without TCP, but where the port is taken it has none
		take(t, p.addr)
	}
	rpc := Address(t)
	p.rpc = fmt.Sprintf("http://%v/transmission/rpc", rpc)
	home := t.TempDir()
	settings, err := json.Marshal(map[string]any{
		"bind-address-ipv4": p.addr.Addr().String(), "bind-address-ipv6": "::1", "peer-port": p.addr.Port(),
		"rpc-bind-address": rpc.Addr().String(), "rpc-port": rpc.Port(), "rpc-whitelist-enabled": false,
		"rpc-host-whitelist-enabled": false, "dht-enabled": false, "lpd-enabled": false, "pex-enabled": false,
		"port-forwarding-enabled": false, "utp-enabled": o.UTP, "encryption": transmissionEncryption[o.Encryption], "download-queue-enabled": false,
		"seed-queue-enabled": false, "download-dir": o.Dir,
		"speed-limit-up-enabled": o.UpLimit > 0, "speed-limit-up": o.UpLimit / 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "settings.json"), settings, 0o600); err != nil {
		t.Fatal(err)
	}
	p.Process = Start(t, Command(t, home, "transmission-daemon", "--foreground", "--config-dir", home), nil)
	Poll(t, 20*time.Second, "transmission answers", func() bool { return p.call("session-get", nil, nil) == nil })
	for _, source := range o.Sources {
		if err := p.call("torrent-add", map[string]any{"filename": source}, nil); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// call asks the daemon over its remote interface.
func (p *Transmission) call(method string, arguments, answer any) error {
	body, err := json.Marshal(map[string]any{"method": method, "arguments": arguments})
	if err != nil {
		return err
	}
	for range 2 { // the first answer may be the session that it wants to hear
		r, err := http.NewRequest(http.MethodPost, p.rpc, bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("X-Transmission-Session-Id", p.session)
		client := http.Client{Timeout: 10 * time.Second}
		got, err := client.Do(r)
		if err != nil {
			return err
		}
		defer got.Body.Close()
		if got.StatusCode == http.StatusConflict {
			p.session = got.Header.Get("X-Transmission-Session-Id")
			continue
		}
		result := struct {
			Result    string
			Arguments any
		}{Arguments: answer}
		if err := json.NewDecoder(got.Body).Decode(&result); err != nil {
			return err
		}
		if result.Result != "success" {
			return fmt.Errorf("%s: %s", method, result.Result)
		}
		return nil
	}
	return errors.New("transmission wants another session")
}

// Addr is where it listens.
func (p *Transmission) Addr() netip.AddrPort { return p.addr }

// Await waits until it has all of d.
func (p *Transmission) Await(t testing.TB, d *Data, limit time.Duration) {
	t.Helper()
	Poll(t, limit, "transmission has "+d.Name, func() bool {
		got := p.status(d)
		return got.MetadataPercentComplete == 1 && got.LeftUntilDone == 0 && got.Status >= 5 // waits to seed, or does
	})
}

// Connections are those over which payload of d goes now.
func (p *Transmission) Connections(d *Data) (all []Connection) {
	for _, peer := range p.status(d).Peers {
		if peer.RateToClient+peer.RateToPeer == 0 {
			continue
		}
		all = append(all, Connection{Encrypted: peer.IsEncrypted, UTP: peer.IsUTP})
	}
	return all
}

type transmissionStatus struct {
	HashString              string
	LeftUntilDone           int64
	Status                  int
	MetadataPercentComplete float64
	Peers                   []struct {
		IsEncrypted, IsUTP       bool
		RateToClient, RateToPeer int64
	}
}

// status returns what it tells of d, or nothing.
func (p *Transmission) status(d *Data) transmissionStatus {
	var answer struct{ Torrents []transmissionStatus }
	fields := []string{"hashString", "leftUntilDone", "status", "metadataPercentComplete", "peers"}
	if err := p.call("torrent-get", map[string]any{"fields": fields}, &answer); err != nil {
		return transmissionStatus{}
	}
	for _, got := range answer.Torrents {
		if got.HashString == d.ID() {
			return got
		}
	}
	return transmissionStatus{}
}
