package test

import (
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// OurTracker is a running `piecewise tracker`.
type OurTracker struct {
	HTTP, UDP string // announce URLs
	at        netip.AddrPort
	*Process
	mu   sync.Mutex
	said []string
}

var trackerURLs = regexp.MustCompile(`^tracker at (http://\S+) and (udp://\S+), `)

// StartOurTracker starts our tracker with more arguments, and waits until it listens.
func StartOurTracker(t testing.TB, args ...string) *OurTracker {
	t.Helper()
	tr := &OurTracker{at: Address(t)}
	all := []string{"tracker", "--listen", tr.at.String()}
	if !Inside() {
		all = append(all, "--loopback")
	}
	ready := make(chan struct{})
	tr.Process = Start(t, Command(t, t.TempDir(), Binary, append(all, args...)...), &lineWriter{line: func(b []byte) {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		tr.said = append(tr.said, string(b))
		if m := trackerURLs.FindStringSubmatch(string(b)); m != nil && tr.HTTP == "" {
			tr.HTTP, tr.UDP = m[1], m[2]
			close(ready)
		}
	}})
	select {
	case <-ready:
	case <-tr.Ended():
		t.Fatal("our tracker does not start")
	case <-time.After(30 * time.Second):
		t.Fatal("our tracker does not say that it listens")
	}
	return tr
}

// Said returns what it has printed so far.
func (tr *OurTracker) Said() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return strings.Join(tr.said, "\n")
}

// AwaitSeeds waits until the tracker knows so many seeds of d.
func (tr *OurTracker) AwaitSeeds(t testing.TB, d *Data, seeds int) {
	t.Helper()
	(&Tracker{at: tr.at}).AwaitSeeds(t, d, seeds)
}
