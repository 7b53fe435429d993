package choke

import (
	"slices"
	"time"
)

// ignoreTime is how long a peer may leave a piece that it was shown.
const ignoreTime = 3 * time.Second

// Ignored reports whether a peer leaves what it was shown. If it is not interested
// either, it wants only some of the files, which it cannot choose from what is
// hidden: then it should be told everything and be given to Watch.
func (s *Superseed[K]) Ignored(key K, now time.Time) bool {
	g := s.peers[key]
	return g != nil && !g.watched && slices.ContainsFunc(g.offers, func(o offer) bool {
		return !o.there && now.Sub(o.touched) >= ignoreTime
	})
}
