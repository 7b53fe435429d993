package engine

import (
	"log/slog"
	"net/netip"
	"time"
)

// Config is what an Engine is made with; it does not change while it runs.
type Config struct {
	Profile string         // everything we store lives in this folder; made if missing
	Listen  netip.AddrPort // peers connect here; the zero value is every address, at Settings.Port

	Loopback      bool // bind and dial 127.0.0.0/8 and ::1 only, and do not look for peers beyond
	LoopbackLSD   bool // look for peers on the loopback interface, which Loopback alone does not
	NoPortMapping bool // for Settings.PortMapping, this time only and until SetSettings changes it
	NoUTP         bool // TCP only

	// These stand in for what is saved, this time only and until SetSettings, or
	// SetOptions for super-seeding, gives it another value. They are not saved.
	NoDHT       bool             // for Settings.DHT
	NoPEX       bool             // for Settings.PEX
	NoLSD       bool             // for Settings.LSD
	DHTNodes    []string         // for Settings.DHTNodes, if there are any; with Loopback only numbers on loopback are asked
	Dir         string           // for Settings.Dir; "" leaves the saved one
	Preallocate bool             // true for Settings.Preallocate
	UpLimit     int64            // for Settings.Limits.Up, bytes/s; 0 leaves the saved one
	DownLimit   int64            // for Settings.Limits.Down, likewise
	NoUpload    bool             // give nothing to anybody: 0 for Settings.MaxSlots
	SuperSeed   bool             // SuperSeedOn for torrents whose option is SuperSeedAutomatic
	NoSuperSeed bool             // SuperSeedOff for them
	Encryption  EncryptionPolicy // for Settings.Encryption; EncryptionDefault leaves the saved one
	Bind        string           // for Settings.Privacy.Bind; "" leaves the saved one
	Proxy       Proxy            // for Settings.Privacy.Proxy; NoProxy leaves the saved one
	Anonymous   bool             // for Settings.Privacy.Anonymous; false leaves the saved one
	Port        int              // for Settings.Port; 0 leaves that of Listen, or else the saved one

	Logger *slog.Logger // nil logs nothing

	// For tests.
	gateway    netip.Addr                  // asked instead of the router, also on loopback
	pmpPort    uint16                      // of it, see portmap.Config
	ssdpPort   uint16                      // likewise
	refuse     func(op, path string) error // see disk.Options.Refuse
	firstPause time.Duration               // before a disk in trouble is asked the first time; 0 is pauseFirst
}
