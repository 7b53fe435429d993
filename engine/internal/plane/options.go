package plane

// Unlimited as a limit, or as a number of slots or connections, means that there
// is none. 0 allows nothing, everywhere.
const Unlimited = -1

const (
	// Automatic as a number of slots means as many as suit the upload rate.
	Automatic = -1
	// AsSession as a number of a torrent's slots or connections means the number
	// that the session has for each torrent.
	AsSession = -2
)

// Limits are rates of payload in bytes/s: 0 allows nothing, Unlimited everything.
type Limits struct {
	Down int64 `json:"down"`
	Up   int64 `json:"up"`
}

// NoLimits allow everything.
var NoLimits = Limits{Unlimited, Unlimited}

// Weight is a torrent's share of what torrents can have together under a limit.
type Weight uint8

// The weights. A torrent gets three times as much as one of the next lower weight.
const (
	WeightNormal Weight = iota
	WeightLow
	WeightHigh
)

// Share is the weight as a number.
func (w Weight) Share() float64 {
	switch w {
	case WeightLow:
		return 1.0 / 3
	case WeightHigh:
		return 3
	}
	return 1
}

// SuperSeed is when a torrent of which we have everything is super-seeded (BEP
// 16): each peer is shown few pieces, so that each is sent about once.
type SuperSeed uint8

// The ways to super-seed. Whichever it is, it ends when the peers have enough
// copies.
const (
	// SuperSeedAutomatic super-seeds what is new, from the second peer on: a torrent
	// that was complete when it was added, until another seed is known.
	SuperSeedAutomatic SuperSeed = iota
	SuperSeedOn
	SuperSeedOff
)

// Options are what the user chooses for one torrent.
type Options struct {
	Limits      Limits    `json:"limits"`      // of the torrent; those of the session hold, too
	Weight      Weight    `json:"weight"`      // its share of the session's limits
	Slots       int       `json:"slots"`       // peers that may be unchoked at once; or Automatic, AsSession
	Connections int       `json:"connections"` // peers at most; or Unlimited, AsSession
	SuperSeed   SuperSeed `json:"super_seed"`  //
	Sequential  bool      `json:"sequential"`  // pieces in order instead of rarest first
	EndsFirst   bool      `json:"ends_first"`  // the first and the last piece of each file before the others
}

// DefaultOptions are those of a torrent for which nothing was chosen.
func DefaultOptions() Options {
	return Options{Limits: NoLimits, Slots: AsSession, Connections: AsSession}
}
