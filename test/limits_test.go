package test

import (
	"math"
	"testing"
	"time"
)

const (
	mebibyte  = 1 << 20
	limitTime = 4 * time.Second
)

// measured is how many bytes have been moved at a time.
type measured struct {
	at    time.Time
	bytes int64
}

// checkRate measures for limitTime, after the first half MiB, and fails the test
// unless the rate is 1 MiB/s.
func checkRate(t *testing.T, now func() measured) {
	t.Helper()
	var first, last measured
	Poll(t, 30*time.Second, "half a MiB is there", func() bool {
		first = now()
		return first.bytes > mebibyte/2
	})
	Poll(t, limitTime+10*time.Second, "the rate is measured", func() bool {
		last = now()
		return last.at.Sub(first.at) >= limitTime
	})
	rate := float64(last.bytes-first.bytes) / last.at.Sub(first.at).Seconds()
	if t.Logf("%.3f MiB/s", rate/mebibyte); math.Abs(rate/mebibyte-1) > 0.15 {
		t.Errorf("%.3f MiB/s, want 1", rate/mebibyte)
	}
}

func TestUpLimit(t *testing.T) {
	t.Parallel()
	d := Make(t, "limited up", 64<<10, File{Length: 20 * mebibyte})
	torrent := d.Torrent(t, "")
	get := StartGet(t, "", torrent, "--dir", d.Dir, "--seed", "--up-limit", "1MiB")
	leech := StartLibtorrent(t, PeerOptions{Dir: t.TempDir(), Sources: []string{torrent}, Connect: get.Addr})
	checkRate(t, func() measured {
		s := leech.Stats()
		return measured{s.At, s.Downloaded}
	})
}

func TestDownLimit(t *testing.T) {
	t.Parallel()
	d := Make(t, "limited down", 64<<10, File{Length: 20 * mebibyte})
	torrent := d.Torrent(t, "")
	seed := StartLibtorrent(t, PeerOptions{Dir: d.Dir, Sources: []string{torrent}})
	StartGet(t, "", torrent, "--dir", t.TempDir(), "--down-limit", "1MiB", "--peer", seed.Addr().String())
	checkRate(t, func() measured { // by the seed: our own lines are up to a second old
		s := seed.Stats()
		return measured{s.At, s.Uploaded}
	})
}

// With --no-upload a seed gives nothing, while another one gives all.
func TestNoUpload(t *testing.T) {
	t.Parallel()
	d := Make(t, "kept", 32<<10, File{Length: 2_000_000})
	torrent := d.Torrent(t, "")
	get := StartGet(t, "", torrent, "--dir", d.Dir, "--seed", "--no-upload")
	leech := StartLibtorrent(t, PeerOptions{Dir: t.TempDir(), Sources: []string{torrent}, Connect: get.Addr})
	get.Await(t, d, 30*time.Second, func(l Line) bool { return l.Done && l.Peers > 0 })
	StartLibtorrent(t, PeerOptions{Dir: d.Dir, Sources: []string{torrent}, Connect: leech.Addr(), UpLimit: 300_000})
	leech.Await(t, d, time.Minute)
	lines := get.Lines(d)
	if last := lines[len(lines)-1]; last.Uploaded != 0 {
		t.Errorf("%d bytes were given", last.Uploaded)
	}
}

// With --super-seed two leeches get all, most of it from each other.
func TestSuperSeed(t *testing.T) {
	t.Parallel()
	if !Full() {
		t.Skip("in the full matrix: PIECEWISE_E2E=full")
	}
	d := Make(t, "shown in parts", 32<<10, File{Length: 6_000_000})
	torrent := d.Torrent(t, "")
	seed := StartGet(t, "", torrent, "--dir", d.Dir, "--seed", "--super-seed", "--up-limit", "1MB")
	seed.Await(t, d, 30*time.Second, func(l Line) bool { return l.Done })
	first := StartLibtorrent(t, PeerOptions{Dir: t.TempDir(), Sources: []string{torrent}, Connect: seed.Addr})
	second := StartGet(t, "", torrent, "--dir", t.TempDir(), "--seed", "--peer", seed.Addr.String(), "--peer", first.Addr().String())
	first.Await(t, d, time.Minute)
	second.Await(t, d, time.Minute, func(l Line) bool { return l.Done })
	lines := seed.Lines(d)
	copies := float64(lines[len(lines)-1].Uploaded) / float64(d.Size)
	if t.Logf("the seed sent %.2f copies", copies); copies > 1.5 {
		t.Errorf("the seed sent %.2f copies to two leeches", copies)
	}
}
