package test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Tracker is an opentracker.
type Tracker struct {
	URL  string // of its announces
	at   netip.AddrPort
	list string // the info hashes that it serves
	*Process
}

// StartTracker starts an opentracker that serves the given torrents only, as
// Debian builds it.
func StartTracker(t testing.TB, served ...*Data) *Tracker {
	t.Helper()
	// Not t.TempDir(), into which no other user may look.
	dir, err := os.MkdirTemp("", "opentracker-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var list bytes.Buffer
	for _, d := range served {
		fmt.Fprintln(&list, d.ID())
	}
	path := filepath.Join(dir, "served")
	if err := os.WriteFile(path, list.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 3 { // somebody else may take the port before it does
		at := Address(t)
		port := fmt.Sprint(at.Port())
		cmd := Command(t, dir, "opentracker", "-i", at.Addr().String(), "-p", port, "-P", port, "-d", dir, "-w", path)
		if os.Geteuid() == 0 {
			cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534} // it refuses to be root
		}
		tr := &Tracker{URL: fmt.Sprintf("http://%v/announce", at), at: at, list: path, Process: Start(t, cmd, nil)}
		if tr.answers(served[0]) {
			return tr
		}
	}
	t.Fatal("opentracker does not answer (apt-get install opentracker)")
	return nil
}

// answers waits until the tracker does, false if it ended or took too long.
func (tr *Tracker) answers(d *Data) bool {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if _, err := tr.scrape(d); err == nil {
			return true
		}
		select {
		case <-tr.Ended():
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return false
}

// AwaitSeeds waits until the tracker knows so many seeds of d.
func (tr *Tracker) AwaitSeeds(t testing.TB, d *Data, seeds int) {
	t.Helper()
	Poll(t, 30*time.Second, fmt.Sprintf("the tracker knows %d seeds", seeds), func() bool {
		answer, err := tr.scrape(d)
		return err == nil && bytes.Contains(answer, fmt.Appendf(nil, "8:completei%de", seeds))
	})
}

func (tr *Tracker) scrape(d *Data) ([]byte, error) {
	client := http.Client{Timeout: 5 * time.Second}
	hash := "" // with every byte escaped, for it takes no "+" for a space
	for _, b := range d.Hash {
		hash += fmt.Sprintf("%%%02x", b)
	}
	r, err := client.Get(fmt.Sprintf("http://%v/scrape?info_hash=%s", tr.at, hash))
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	return io.ReadAll(r.Body)
}
