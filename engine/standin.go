package engine

import (
	"os"
	"path/filepath"
	"slices"
)

// standIn puts what was asked for this time in the place of what is saved.
func standIn(v Settings, cfg Config) Settings {
	if cfg.Dir != "" {
		v.Dir = cfg.Dir
	}
	if v.Dir == "" {
		v.Dir = downloads()
	}
	if dir, err := filepath.Abs(v.Dir); err == nil {
		v.Dir = dir
	}
	if cfg.Preallocate {
		v.Preallocate = true
	}
	if cfg.UpLimit != 0 {
		v.Limits.Up = cfg.UpLimit
	}
	if cfg.DownLimit != 0 {
		v.Limits.Down = cfg.DownLimit
	}
	if cfg.NoUpload {
		v.MaxSlots = 0
	}
	if cfg.Encryption != EncryptionDefault {
		v.Encryption = cfg.Encryption
	}
	v.DHT, v.PEX, v.LSD = v.DHT && !cfg.NoDHT, v.PEX && !cfg.NoPEX, v.LSD && !cfg.NoLSD
	if len(cfg.DHTNodes) > 0 {
		v.DHTNodes = cfg.DHTNodes
	}
	if cfg.Bind != "" {
		v.Privacy.Bind = cfg.Bind
	}
	if cfg.Proxy.Kind != NoProxy {
		v.Privacy.Proxy = cfg.Proxy
	}
	if cfg.Anonymous {
		v.Privacy.Anonymous = true
	}
	if cfg.Listen.IsValid() {
		v.Port = int(cfg.Listen.Port())
	}
	if cfg.Port != 0 {
		v.Port = cfg.Port
	}
	if cfg.NoPortMapping {
		v.PortMapping = false
	}
	return v.repaired()
}

// keep returns what is to be saved once v takes the place of what held: v, but for
// what stands in for a saved setting and did not change.
func keep(saved, held, v Settings) Settings {
	out := v
	if v.Dir == held.Dir {
		out.Dir = saved.Dir
	}
	if v.Preallocate == held.Preallocate {
		out.Preallocate = saved.Preallocate
	}
	if v.Limits.Up == held.Limits.Up {
		out.Limits.Up = saved.Limits.Up
	}
	if v.Limits.Down == held.Limits.Down {
		out.Limits.Down = saved.Limits.Down
	}
	if v.MaxSlots == held.MaxSlots {
		out.MaxSlots = saved.MaxSlots
	}
	if v.Encryption == held.Encryption {
		out.Encryption = saved.Encryption
	}
	if v.Privacy.Bind == held.Privacy.Bind {
		out.Privacy.Bind = saved.Privacy.Bind
	}
	if v.Privacy.Proxy == held.Privacy.Proxy {
		out.Privacy.Proxy = saved.Privacy.Proxy
	}
	if v.Privacy.Anonymous == held.Privacy.Anonymous {
		out.Privacy.Anonymous = saved.Privacy.Anonymous
	}
	if v.Port == held.Port {
		out.Port = saved.Port
	}
	if v.PortMapping == held.PortMapping {
		out.PortMapping = saved.PortMapping
	}
	for _, is := range []struct {
		now, held bool
		out       *bool
		saved     bool
	}{{v.DHT, held.DHT, &out.DHT, saved.DHT}, {v.PEX, held.PEX, &out.PEX, saved.PEX}, {v.LSD, held.LSD, &out.LSD, saved.LSD}} {
		if is.now == is.held {
			*is.out = is.saved
		}
	}
	if slices.Equal(v.DHTNodes, held.DHTNodes) {
		out.DHTNodes = saved.DHTNodes
	}
	return out
}

// downloads is where files go if the user has not said so.
func downloads() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return "."
	}
	return filepath.Join(home, "Downloads")
}
