package test

import (
	"maps"
	"math/rand/v2"
	"testing"
	"time"
)

const (
	crashRate = 1_000_000 // bytes/s that the seed sends

	// What a kill may cost: pieces that were verified just before, for they are
	// synced every two seconds, which takes a busy disk a while, and pieces in progress.
	crashRecent     = 4 * time.Second
	crashInProgress = 512 << 10
)

// After kill -9 at any moment nothing that was verified and synced is lost, and
// nothing else is believed: the data is right in the end, the seeds did not have
// to send it twice, and the list is what it was.
func TestCrash(t *testing.T) {
	t.Parallel()
	kills := 5
	if Full() {
		kills = 20
	}
	small := Make(t, "small", 32<<10, File{Length: 200_000})
	large := Make(t, "large", 32<<10, File{"one.bin", kills * 2_000_000}, File{"two.bin", kills*6_000_000 + 1})
	tracker := StartTracker(t, small, large)
	torrents := []string{small.Torrent(t, tracker.URL), large.Torrent(t, tracker.URL)}
	other := StartLibtorrent(t, PeerOptions{Dir: small.Dir, Sources: torrents[:1]})
	slow := StartLibtorrent(t, PeerOptions{Dir: large.Dir, Sources: torrents[1:], UpLimit: crashRate})
	tracker.AwaitSeeds(t, small, 1)
	tracker.AwaitSeeds(t, large, 1)
	dir, profile := t.TempDir(), t.TempDir()
	start := func(sources ...string) *Get {
		return StartGet(t, "", append([]string{"--dir", dir, "--profile", profile}, sources...)...)
	}
	start(torrents[0]).Finish(t, 30*time.Second, small)
	other.Kill()

	allowed, kept := large.Size, int64(0)
	for i := range kills {
		before := slow.Stats().Uploaded
		after := rand.N(3 * time.Second)
		if i%2 == 0 {
			after += crashRecent // so that something must have been kept
		}
		kept = crash(t, start(torrents[1]), large, crashPlan{kept, after})
		lost := min(slow.Stats().Uploaded-before, int64(crashRecent.Seconds()*crashRate))
		allowed += lost + crashInProgress
	}

	fast := StartLibtorrent(t, PeerOptions{Dir: large.Dir, Sources: torrents[1:]})
	tracker.AwaitSeeds(t, large, 2)
	start(torrents[1]).Finish(t, 2*time.Minute, large)
	maps.Copy(large.Sums, small.Sums)
	large.Compare(t, dir)
	if sent := slow.Stats().Uploaded + fast.Stats().Uploaded; sent > allowed {
		t.Errorf("the seeds sent %d bytes of %d, more than the %d that %d kills explain", sent, large.Size, allowed, kills)
	} else {
		t.Logf("the seeds sent %d bytes of %d; up to %d would be right", sent, large.Size, allowed)
	}

	// Nobody is left to send anything.
	slow.Kill()
	fast.Kill()
	start(torrents...).Finish(t, 30*time.Second, small, large)
}

// crashPlan is what a run must begin with, and how long it is left to download.
type crashPlan struct {
	kept  int64
	after time.Duration
}

// crash kills a download, after it has told that it has at least what must have
// been kept from the run before, and returns what the next run must have.
func crash(t *testing.T, g *Get, d *Data, plan crashPlan) int64 {
	t.Helper()
	kept := plan.kept
	g.Await(t, d, 30*time.Second, func(l Line) bool {
		if l.State == "downloading" && l.Have < kept {
			t.Errorf("%d bytes are left of at least %d that were synced", l.Have, kept)
		}
		return l.State == "downloading" && l.Down > 0
	})
	select {
	case <-g.Ended():
		t.Fatal("the download ended by itself")
	case <-time.After(plan.after):
	}
	g.Kill()
	killed := time.Now()
	for _, l := range g.Lines(d) {
		if killed.Sub(l.At) >= crashRecent {
			kept = max(kept, l.Have)
		}
	}
	t.Logf("killed; at least %d of %d bytes must be there", kept, d.Size)
	return kept
}
