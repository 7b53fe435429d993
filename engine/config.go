package engine

import (
	"log/slog"
	"net/netip"
)

// Config is what an Engine is made with; it does not change while it runs.
type Config struct {
	Profile string         // everything we store lives in this folder; made if missing
	Dir     string         // where torrents are saved, this time; "" for the saved setting
	Listen  netip.AddrPort // peers connect here; the zero value is every address, port 42069 or any free one

	Loopback      bool // bind and dial 127.0.0.0/8 and ::1 only, and do not look for peers beyond
	NoDHT         bool
	NoLSD         bool
	NoPortMapping bool
	NoUTP         bool // TCP only

	UpLimit, DownLimit int64 // payload of all torrents, bytes/s; 0 is no limit
	NoUpload           bool  // give nothing to anybody
	SuperSeed          bool  // of what is complete, show each peer few pieces (BEP 16)
	Encryption         EncryptionPolicy

	Logger *slog.Logger // nil logs nothing
}

// EncryptionPolicy is what encryption peer connections have.
type EncryptionPolicy uint8

// The encryption policies.
const (
	EncryptionAllow   EncryptionPolicy = iota // plaintext first, encrypted if a peer wants it
	EncryptionOff                             // plaintext only
	EncryptionPrefer                          // encrypted first, plaintext if a peer cannot
	EncryptionRequire                         // encrypted only
)
