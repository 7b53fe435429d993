package test

import (
	"testing"
	"time"
)

// The rate of a download follows what is set in the window, by keyboard: a limit
// in the settings, none again, the alternative limits, and a limit of the torrent.
func TestLimitsInWindow(t *testing.T) {
	desk := NewDesk(t)
	d := Make(t, "limited in the window", 256<<10, File{Length: 150_000_000})
	torrent := d.Torrent(t, "")
	seed := StartLibtorrent(t, PeerOptions{Dir: d.Dir, Sources: []string{torrent}, UpLimit: 4_000_000})
	w := desk.Open(t, "--peer", seed.Addr().String(), torrent)
	w.AsksToAdd(t)
	w.Key(t, "Return")
	w.Rests(t, 1)
	sent := func() measured { // by the seed, whose clock is exact
		s := seed.Stats()
		return measured{s.At, s.Uploaded}
	}
	awaitRate(t, sent, 3*mebibyte, 5*mebibyte)

	w.fills(t, "ctrl+comma", "1 MiB", "settings")
	awaitRate(t, sent, 0, 1.2*mebibyte)
	checkRate(t, sent)

	w.fills(t, "ctrl+comma", "unlimited", "no limit")
	awaitRate(t, sent, 3*mebibyte, 5*mebibyte)

	w.Key(t, "ctrl+t")
	awaitRate(t, sent, 400_000, 600_000)
	w.Shot(t, "alternative limits")
	w.Key(t, "ctrl+t")
	awaitRate(t, sent, 3*mebibyte, 5*mebibyte)

	w.fills(t, "ctrl+i", "1 MiB", "options")
	awaitRate(t, sent, 0, 1.2*mebibyte)
	checkRate(t, sent)
	w.Key(t, "ctrl+q")
	w.Left(t)
}

// fills types into the first field of a dialog, and accepts it.
func (w *Window) fills(t *testing.T, keys, text, shot string) {
	t.Helper()
	w.Key(t, keys)
	w.Asks(t, keys)
	w.Do(t, "type", "--delay", "30", text)
	w.Shot(t, shot)
	w.Key(t, "Return")
	w.See(t, "the dialog closes", w.Calm)
}

// awaitRate waits until the rate of a second lies between two rates, in bytes/s.
func awaitRate(t *testing.T, now func() measured, least, most float64) {
	t.Helper()
	before := now()
	rate := 0.0
	Poll(t, 20*time.Second, "the rate changes", func() bool {
		m := now()
		passed := m.at.Sub(before.at)
		if passed < time.Second {
			return false
		}
		rate = float64(m.bytes-before.bytes) / passed.Seconds()
		before = m
		return least <= rate && rate <= most
	})
	t.Logf("%.3f MiB/s", rate/mebibyte)
}
