package webseed

import (
	"testing"

	"piecewise/engine/internal/transfer"
)

// sizes are of files that begin and end within pieces, or with them, or have nothing.
var sizes = []int{3*pieceLength + 100, 5000, 20 * pieceLength, 0, 1, 10*pieceLength - 77}

// A whole torrent comes from a web seed alone, over few connections that are kept.
func TestDownload(t *testing.T) {
	for _, version := range []string{"v1", "v2", "hybrid", "padded"} {
		t.Run(version, func(t *testing.T) {
			s := newShare(t, version, sizes...)
			v := serve(t, s, nil)
			l := newLeech(t, s, transfer.Limits{}, v.URL+"/")
			l.complete()
			asked, conns := v.requests()
			if conns > fetchers+1 || len(asked) > 40 {
				t.Errorf("%d requests over %d connections: %v", len(asked), conns, asked)
			}
			if n := l.Counters(); n.Wasted > 0 || n.HashFailures > 0 {
				t.Errorf("wasted %d, %d failures", n.Wasted, n.HashFailures)
			}
		})
	}
}
