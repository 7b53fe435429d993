//go:build unix

package announce

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startOpentracker starts an opentracker that serves info hashes, and returns its
// "host:port" for HTTP and UDP.
func startOpentracker(t *testing.T, served ...[20]byte) string {
	program, err := exec.LookPath("opentracker")
	if err != nil {
		t.Skip("opentracker is not installed")
	}
	dir, err := os.MkdirTemp("", "opentracker-") // not t.TempDir(), into which no other user may look
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var list strings.Builder
	for _, id := range served {
		fmt.Fprintf(&list, "%x\n", id)
	}
	path := filepath.Join(dir, "served")
	if os.Chmod(dir, 0o755) != nil || os.WriteFile(path, []byte(list.String()), 0o644) != nil {
		t.Fatal("its folder cannot be made")
	}
	for range 3 { // somebody else may take the port before it does
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := l.Addr().String()
		l.Close()
		_, port, _ := net.SplitHostPort(addr)
		cmd := exec.Command(program, "-i", "127.0.0.1", "-p", port, "-P", port, "-d", dir, "-w", path)
		cmd.SysProcAttr = &syscall.SysProcAttr{}
		if os.Geteuid() == 0 {
			cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534} // it refuses to be root
		}
		if err := cmd.Start(); err != nil {
			t.Skip("opentracker cannot be started:", err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if conn, err := net.Dial("tcp", addr); err == nil {
				conn.Close()
				return addr
			}
		}
	}
	t.Fatal("opentracker does not answer")
	return ""
}

// TestOpentracker announces and scrapes, over HTTP and UDP, at another's tracker.
func TestOpentracker(t *testing.T) {
	id, twin, other := [20]byte{1, 0xff, '%', '&'}, [20]byte{2, 0, '+', ' '}, [20]byte{3}
	addr := startOpentracker(t, id, twin)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	peer := func(port int) *network {
		return testNetwork(t, func(c *Config) {
			c.PeerID[19], c.Key, c.Port = byte(port), uint32(port), func() int { return port }
		})
	}
	for _, id := range [][20]byte{id, twin} { // it reads its list while it answers already
		r := request{url: "http://" + addr + "/announce", id: id, event: stopped}
		for _, err := peer(1).announce(ctx, r); err != nil; _, err = peer(1).announce(ctx, r) {
			if ctx.Err() != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	for i, url := range []string{"http://" + addr + "/announce", "udp://" + addr + "/announce"} {
		t.Run(url[:4], func(t *testing.T) {
			seed, leech := peer(4000+i), peer(5000+i)
			say := func(n *network, e event, left int64) reply {
				t.Helper()
				rep, err := n.announce(ctx, request{url: url, id: id, twin: twin, event: e, stats: Stats{Left: left}})
				if err != nil {
					t.Fatal(err)
				}
				return rep
			}
			say(seed, started, 0)
			rep := say(leech, started, 5)
			if rep.seeds != 1 || rep.leeches != 1 || rep.interval < time.Minute || rep.families != IPv4 || !hasPort(rep, 4000+i) {
				t.Errorf("%+v", rep)
			}
			found, err := leech.scrape(ctx, url, [][20]byte{id, twin})
			for _, h := range [][20]byte{id, twin} { // both info hashes were announced
				if c := found[h]; err != nil || c.seeds != 1 || c.leeches != 1 {
					t.Errorf("%x: %+v %v", h[:1], c, err)
				}
			}
			say(leech, paused, 5)
			say(leech, completed, 0)
			found, err = seed.scrape(ctx, url, [][20]byte{other, id})
			if c := found[id]; err != nil || c.seeds != 2 || c.downloads < 1 || found[other].seeds > 0 {
				t.Errorf("%+v %v", found, err)
			}
			say(seed, stopped, 0)
			say(leech, stopped, 0)
			if found, err = leech.scrape(ctx, url, [][20]byte{id}); err != nil || found[id].seeds != 0 {
				t.Errorf("%+v %v", found, err)
			}
			_, err = leech.announce(ctx, request{url: url, id: other, event: started})
			if url[:3] == "udp" {
				return // it does not answer at all there, or without a word
			}
			if !refused(err) || !strings.Contains(explain(err), "not authorized") {
				t.Error("a torrent that it does not serve:", err)
			}
		})
	}
}

func hasPort(r reply, port int) bool {
	for _, p := range r.peers {
		if int(p.Port()) == port {
			return true
		}
	}
	return false
}
