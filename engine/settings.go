package engine

import (
	"path/filepath"
	"reflect"
	"slices"

	"piecewise/engine/internal/admit"
)

// Settings are the user's choices that the engine keeps in the profile. Start
// from those of a snapshot, or from DefaultSettings: in the zero value every
// limit is 0, which allows nothing.
type Settings struct {
	Dir       string `json:"dir"`        // where new torrents are saved; never empty in a snapshot
	AskOnAdd  bool   `json:"ask_on_add"` // show the add dialog
	AddPaused bool   `json:"add_paused"` // the add dialog's last choice

	Incomplete  string `json:"incomplete"`  // full path of the folder that new torrents are in until they are complete; "" for where they are saved
	PartSuffix  bool   `json:"part_suffix"` // files that are begun from now on have ".part" behind their name until they are complete
	Preallocate bool   `json:"preallocate"` // files get all their room on the disk before the first byte, where the file system can; else they grow

	Limits       Limits    `json:"limits"`        // of all torrents together
	TurtleLimits Limits    `json:"turtle_limits"` // instead of Limits while the turtle is on
	Timetable    Timetable `json:"timetable"`     // when the turtle is on by itself; empty is never
	ExemptLocal  bool      `json:"exempt_local"`  // no limits for peers in local networks: private, link-local, unique local

	Slots       int  `json:"slots"`        // of each torrent: peers that may be unchoked at once; or Automatic
	MaxSlots    int  `json:"max_slots"`    // of all torrents together; or Unlimited. 0 gives nothing to anybody
	SeedFastest bool `json:"seed_fastest"` // a seed's slots go to those who take the most, not to each in turn

	Connections        int              `json:"connections"`         // of all torrents together; or Unlimited
	TorrentConnections int              `json:"torrent_connections"` // of each torrent; or Unlimited
	Encryption         EncryptionPolicy `json:"encryption"`          // of connections made from now on

	DHT         bool     `json:"dht"`           // BEP 5
	DHTReadOnly bool     `json:"dht_read_only"` // our node asks others and does not answer, BEP 43
	DHTNodes    []string `json:"dht_nodes"`     // "host:port" of nodes that are asked when we know too few
	PEX         bool     `json:"pex"`           // peers tell each other of peers, BEP 11
	LSD         bool     `json:"lsd"`           // peers are looked for in the local network, BEP 14
	LowPorts    bool     `json:"low_ports"`     // peers that others name may have ports below 1024

	Privacy Privacy `json:"privacy"`

	Port        int  `json:"port"`         // where peers connect, over TCP and UDP; 0 has one chosen and kept
	PortMapping bool `json:"port_mapping"` // ask the router to let peers in

	Trackers     [][]string `json:"trackers"`      // in tiers; added to each torrent that comes and is not private
	OneTier      bool       `json:"one_tier"`      // a tier of trackers is asked only if those before it fail; else all are asked
	IPFilter     bool       `json:"ip_filter"`     // refuse the addresses of FilterFile and FilterRanges
	FilterFile   string     `json:"filter_file"`   // full path of a list: eMule .dat, PeerGuardian .p2p or P2B, plain ranges, or gzip of one; "" for none
	FilterRanges string     `json:"filter_ranges"` // one a line: a-b, a network or an address; at most 64 KiB
	TrackerOn    bool       `json:"tracker_on"`    // run our own tracker
	TrackerPort  int        `json:"tracker_port"`  // it listens on, over TCP and UDP; 0 is another free one each time
	TrackerOpen  bool       `json:"tracker_open"`  // it serves any torrent, not only those in the list
}

// DefaultSettings are those of a new profile, without Dir.
func DefaultSettings() Settings {
	return Settings{
		AskOnAdd: true, PartSuffix: true,
		Limits: NoLimits, TurtleLimits: Limits{Down: 500_000, Up: 50_000},
		Slots: Automatic, MaxSlots: Unlimited, Connections: 1000, TorrentConnections: 500,
		Encryption: EncryptionAllow, TrackerPort: 6969, PortMapping: true,
		DHT: true, DHTNodes: slices.Clone(defaultNodes), PEX: true, LSD: true,
	}
}

// Equal reports whether both are the same.
func (v Settings) Equal(o Settings) bool {
	if len(v.Timetable) == 0 && len(o.Timetable) == 0 {
		v.Timetable, o.Timetable = nil, nil
	}
	if len(v.Trackers) == 0 && len(o.Trackers) == 0 {
		v.Trackers, o.Trackers = nil, nil
	}
	if len(v.DHTNodes) == 0 && len(o.DHTNodes) == 0 {
		v.DHTNodes, o.DHTNodes = nil, nil
	}
	return reflect.DeepEqual(v, o)
}

const (
	maxRate    = 1 << 50 // bytes/s; what is above is unlimited
	maxNumber  = 1 << 16 // of slots and connections, likewise
	maxPeriods = 100     // of a timetable
	minutes    = 24 * 60 // of a day

	maxFilterText = 64 << 10 // bytes of Settings.FilterRanges
)

// repaired returns the settings with what makes no sense brought into its range.
// They share no memory with v.
func (v Settings) repaired() Settings {
	if !filepath.IsAbs(v.Incomplete) {
		v.Incomplete = ""
	}
	v.Limits, v.TurtleLimits = repairedLimits(v.Limits), repairedLimits(v.TurtleLimits)
	v.Timetable = slices.Clone(v.Timetable[:min(len(v.Timetable), maxPeriods)])
	v.Timetable = slices.DeleteFunc(v.Timetable, func(p Period) bool {
		return p.Days&EveryDay == 0 || p.From < 0 || p.From >= minutes || p.To < 0 || p.To > minutes
	})
	for i := range v.Timetable {
		v.Timetable[i].Days &= EveryDay
	}
	v.DHTNodes = repairedNodes(v.DHTNodes)
	v.Slots, v.MaxSlots = repairedNumber(v.Slots), repairedNumber(v.MaxSlots)
	v.Connections, v.TorrentConnections = repairedNumber(v.Connections), repairedNumber(v.TorrentConnections)
	v.Privacy = v.Privacy.repaired()
	if v.Port < 0 || v.Port > 65535 {
		v.Port = 0
	}
	if v.FilterFile != "" && !filepath.IsAbs(v.FilterFile) {
		v.FilterFile = ""
	}
	v.FilterRanges = v.FilterRanges[:min(len(v.FilterRanges), maxFilterText)]
	if v.TrackerPort < 0 || v.TrackerPort > 65535 {
		v.TrackerPort = DefaultSettings().TrackerPort
	}
	if v.Encryption == EncryptionDefault || int(v.Encryption) >= len(policies) {
		v.Encryption = EncryptionAllow
	}
	v.Trackers, _ = admit.Trackers(v.Trackers)
	return v
}

func repairedLimits(l Limits) Limits {
	rate := func(r int64) int64 {
		if r < 0 || r > maxRate {
			return Unlimited
		}
		return r
	}
	return Limits{Down: rate(l.Down), Up: rate(l.Up)}
}

// repairedNumber makes Unlimited, which is Automatic for slots, of what is no
// number.
func repairedNumber(n int) int {
	if n < 0 || n > maxNumber {
		return Unlimited
	}
	return n
}
