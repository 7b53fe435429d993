package swarm

import (
	"testing"
	"time"

	"piecewise/engine/internal/plane"
)

// flow is a torrent on its way from one Client to another.
type flow struct {
	from, to *Torrent
}

// flows starts torrents of the given length between two Clients.
func flows(t *testing.T, session Session, n, length int) (seed, leech *side, all []flow) {
	t.Helper()
	seed, leech = newSide(t, Config{Session: &session}), newSide(t, Config{})
	for i := range n {
		from := t.TempDir()
		raw, _ := sample(t, from, byte(i), length)
		seed.run(t, from, raw, true)
		leech.run(t, t.TempDir(), raw, false, seed.at("127.0.0.1"))
		all = append(all, flow{seed.t, leech.t})
	}
	for _, f := range all {
		for late := time.Now().Add(20 * time.Second); f.to.Counters().Downloaded == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(late) {
				t.Fatalf("nothing comes: %+v, %+v", f.from.Peers(nil), f.to.Peers(nil))
			}
		}
	}
	return seed, leech, all
}

// rates returns bytes/s that came on each flow.
func rates(all []flow) []float64 {
	const span = 1500 * time.Millisecond
	time.Sleep(300 * time.Millisecond) // what was on its way
	before, start := make([]int64, len(all)), time.Now()
	for i, f := range all {
		before[i] = f.to.Counters().Downloaded
	}
	time.Sleep(span)
	out, passed := make([]float64, len(all)), time.Since(start).Seconds()
	for i, f := range all {
		out[i] = float64(f.to.Counters().Downloaded-before[i]) / passed
	}
	return out
}

// TestLimitsNest changes limits of the session, a torrent and a peer while bytes
// flow, of both directions: the lowest holds.
func TestLimitsNest(t *testing.T) {
	const kb = 1000
	session := DefaultSession()
	session.Limits.Up = 1200 * kb
	seed, leech, all := flows(t, session, 1, 24<<20)
	f := all[0]
	peerOf := func(of *Torrent) plane.Peer {
		if peers := of.Peers(nil); len(peers) == 1 {
			return peers[0]
		}
		t.Fatal("the peer has gone")
		return plane.Peer{}
	}
	options := func(down, up int64) plane.Options {
		return plane.Options{Limits: plane.Limits{Down: down, Up: up}, Slots: plane.Automatic, Connections: plane.Unlimited}
	}
	check := func(what string, want float64) {
		t.Helper()
		got := rates(all)[0]
		t.Logf("%s: %.0f of %.0f bytes/s", what, got, want)
		if got > 1.15*want+2*16<<10 || got < 0.6*want {
			t.Errorf("%s: %.0f bytes/s, not %.0f", what, got, want)
		}
	}
	check("session up", 1200*kb)
	f.from.SetOptions(options(plane.Unlimited, 600*kb))
	check("torrent up below it", 600*kb)
	f.from.SetPeerLimit(peerOf(f.from).Addr, plane.Limits{Down: plane.Unlimited, Up: 300 * kb})
	check("peer up below that", 300*kb)
	if got := peerOf(f.from).Limits.Up; got != 300*kb {
		t.Errorf("the peer's limit is told as %d", got)
	}
	f.from.SetPeerLimit(peerOf(f.from).Addr, plane.NoLimits)
	f.to.SetPeerLimit(peerOf(f.to).Addr, plane.Limits{Down: 200 * kb, Up: plane.Unlimited})
	check("peer down", 200*kb)
	f.to.SetPeerLimit(peerOf(f.to).Addr, plane.Limits{Down: 0, Up: plane.Unlimited})
	check("nothing of the peer", 0)
	f.to.SetPeerLimit(peerOf(f.to).Addr, plane.NoLimits)
	check("the torrent's limit again", 600*kb)
	session.Limits.Up = 0
	seed.SetSession(session)
	check("nothing at all", 0)
	session.Limits.Up = 900 * kb
	seed.SetSession(session)
	f.from.SetOptions(options(plane.Unlimited, plane.Unlimited))
	check("another limit of the session", 900*kb)
	slow := DefaultSession()
	slow.Limits.Down = 400 * kb
	leech.SetSession(slow)
	check("session down", 400*kb)
	if f.from.Peers(nil)[0].Downloaded != 0 || len(f.to.Peers(nil)) != 1 {
		t.Error("it was connected anew")
	}
}

// TestWeights shares a limit between two torrents.
func TestWeights(t *testing.T) {
	session := DefaultSession()
	session.Limits.Up = 1 << 20
	_, _, all := flows(t, session, 2, 8<<20)
	o := plane.Options{Limits: plane.NoLimits, Slots: plane.Automatic, Connections: plane.Unlimited}
	for _, c := range []struct {
		weight plane.Weight
		share  float64
	}{{plane.WeightNormal, 1}, {plane.WeightHigh, 3}, {plane.WeightLow, 1.0 / 3}} {
		o.Weight = c.weight
		all[0].from.SetOptions(o)
		got := rates(all)
		t.Logf("weight %v: %.0f and %.0f bytes/s", c.share, got[0], got[1])
		if ratio := got[0] / got[1]; ratio < 0.75*c.share || ratio > 1.33*c.share {
			t.Errorf("one gets %.2f times as much, not %.2f", ratio, c.share)
		}
	}
}

// TestFewerConnections lowers the bound of the session while there are more.
func TestFewerConnections(t *testing.T) {
	session := DefaultSession()
	session.Limits.Up = 100 << 10
	seed, _, all := flows(t, session, 2, 8<<20)
	connected := func() int { return len(all[0].from.Peers(nil)) + len(all[1].from.Peers(nil)) }
	if connected() != 2 {
		t.Fatalf("%d connections before", connected())
	}
	session.Connections = 1
	seed.SetSession(session)
	for end := time.Now().Add(10 * time.Second); connected() != 1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d connections", connected())
		}
	}
}
