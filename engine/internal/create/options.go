package create

import (
	"errors"
	"fmt"
	"net/url"
	"time"
	"unicode/utf8"

	"piecewise/engine/internal/admit"
)

// Options are the choices of who makes a torrent.
type Options struct {
	Format      Format
	PieceLength int64 // bytes; 0 for Automatic
	Private     bool  // BEP 27
	Source      string
	Comment     string
	CreatedBy   string
	Created     time.Time  // not told if zero
	Trackers    [][]string // in tiers (BEP 12)
	WebSeeds    []string   // BEP 19
}

const (
	maxText     = 4 << 10 // bytes of a comment, as the gate shows it
	maxWebSeeds = 100
)

// Check says in a sentence what cannot be made, whatever the files are.
func (o *Options) Check() error {
	for _, tier := range o.Trackers {
		for _, tracker := range tier {
			if err := admit.Tracker(tracker); err != nil {
				return fmt.Errorf("the tracker %q cannot be used: %w", tracker, err)
			}
		}
	}
	for _, seed := range o.WebSeeds {
		u, err := url.Parse(seed)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "ftp" || len(seed) > 2048 {
			return fmt.Errorf("%q is not the address of a web seed", seed)
		}
	}
	for _, text := range []string{o.Source, o.Comment, o.CreatedBy} {
		if !utf8.ValidString(text) || len(text) > maxText {
			return errors.New("comment and source must be UTF-8 of at most 4096 bytes")
		}
	}
	if len(o.WebSeeds) > maxWebSeeds {
		return fmt.Errorf("there are more than %d web seeds", maxWebSeeds)
	}
	return nil
}
