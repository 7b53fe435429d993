package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestWrote ends without Close, as a crash does, and wants to know until when files
// were written.
func TestWrote(t *testing.T) {
	live := time.Now().Add(-time.Minute).Truncate(time.Microsecond).UTC()
	for name, c := range map[string]struct {
		writes  bool
		spoil   func(path string)
		unknown bool
	}{
		"killed":        {writes: true},
		"nothing came":  {},
		"power cut":     {writes: true, spoil: func(path string) { os.WriteFile(path, make([]byte, aliveBoot+8), 0o600) }, unknown: true},
		"file is gone":  {writes: true, spoil: func(path string) { os.Remove(path) }, unknown: true},
		"file was cut":  {writes: true, spoil: func(path string) { os.Truncate(path, 10) }, unknown: true},
		"of a past day": {writes: true, spoil: func(path string) { os.WriteFile(path, []byte("8d1"), 0o600) }, unknown: true},
	} {
		t.Run(name, func(t *testing.T) {
			profile := t.TempDir()
			s, _ := reopen(t, profile)
			r, _ := torrent(1)
			r.Live, r.Wrote = live, time.Time{}
			still, _ := torrent(2)
			still.Live, still.Wrote = time.Time{}, time.Time{}
			must(t, s.Put([]Record{r, still}, nil))
			before := time.Now()
			if c.writes {
				s.Alive().Wrote()
			}
			after := time.Now()
			must(t, s.db.Close())
			if c.spoil != nil {
				c.spoil(filepath.Join(profile, aliveName))
			}
			s, _ = reopen(t, profile)
			got, err := s.Records()
			must(t, err)
			wrote := got[0].Wrote
			switch {
			case c.unknown && !wrote.Equal(live.Add(unknownMax)):
				t.Errorf("wrote until %v, where nothing is known after %v", wrote, live)
			case !c.unknown && !c.writes && !wrote.Equal(live):
				t.Errorf("wrote until %v, but nothing after %v", wrote, live)
			case !c.unknown && c.writes && (wrote.Before(before) || wrote.After(after.Add(2*aliveTick))):
				t.Errorf("wrote until %v, not between %v and %v", wrote, before, after)
			}
			if !got[1].Wrote.IsZero() {
				t.Error("files that were not written were written")
			}
			must(t, s.db.Close()) // again, before the torrent was looked at: nothing new is known of it
			s, _ = reopen(t, profile)
			if got, err = s.Records(); err != nil || !got[0].Wrote.Equal(wrote) {
				t.Errorf("after a second crash %v, not %v", got[0].Wrote, wrote)
			}
		})
	}
}
