package engine

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"
)

// Ports that are chosen lie in the range that is meant for that (RFC 6335, 6).
const (
	firstPort = 49152
	lastPort  = 65535
	portTries = 20 // of chosen ports, until one is free for TCP and UDP
)

// chosenPorts returns ports of which one is to be listened on.
func chosenPorts() []uint16 {
	ports := make([]uint16, portTries)
	for i := range ports {
		ports[i] = uint16(firstPort + rand.IntN(lastPort-firstPort+1))
	}
	return ports
}

// anyPort reports whether the user wants no particular port, this time only.
func (c *Config) anyPort() bool { return c.Listen.IsValid() && c.Listen.Port() == 0 && c.Port == 0 }

// listenAt returns where to listen at the start, and where if that port is taken. A
// port that was asked for by Config is not replaced by another.
func (s *state) listenAt() (at netip.AddrPort, otherwise []uint16) {
	ip := s.cfg.Listen.Addr()
	if !ip.IsValid() {
		ip = netip.IPv4Unspecified()
	}
	if s.cfg.anyPort() {
		return netip.AddrPortFrom(ip, 0), nil
	}
	ports := chosenPorts()
	if s.settings.Port != 0 {
		ports = append([]uint16{uint16(s.settings.Port)}, ports...)
	}
	if s.cfg.Port != 0 || s.cfg.Listen.IsValid() {
		ports = ports[:1]
	}
	return netip.AddrPortFrom(ip, ports[0]), ports[1:]
}

// listening takes the port on which the control plane listens at the start.
func (s *state) listening(port int) {
	s.port, s.changed, s.reach.since = port, true, time.Now()
	s.mapPort()
	switch wanted := s.settings.Port; {
	case s.cfg.anyPort() || port == wanted:
	case wanted == 0:
		s.keepPort(port)
	default:
		s.emit(Notice, nil, fmt.Sprintf("Port %d is taken by another program, so peers connect at port %d this time.", wanted, port))
	}
}

// keepPort saves a port that was chosen.
func (s *state) keepPort(port int) {
	s.settings.Port, s.kept.Port, s.changed = port, port, true
	s.saveSettings()
}

// rebind has the control plane listen on the port of the settings, which were changed.
// Who was told the old port is told the new one.
func (s *state) rebind() {
	if s.rebinding {
		return // the result is compared with the settings
	}
	s.rebinding = true
	wanted := s.settings.Port
	ports := []uint16{uint16(wanted)}
	if wanted == 0 {
		ports = chosenPorts()
	}
	control := s.control
	s.tasks.push(func() func(*state) {
		var err error
		for _, port := range ports {
			if err = control.Rebind(port); err == nil {
				break
			}
		}
		return func(s *state) { s.rebound(wanted, err) }
	})
}

// rebound takes the result of rebind.
func (s *state) rebound(wanted int, err error) {
	s.rebinding = false
	port := s.control.Port()
	moved := port != s.port
	s.port, s.changed = port, true
	switch {
	case s.settings.Port != wanted:
		s.rebind() // it was changed again meanwhile
		return
	case err != nil:
		s.emit(Notice, nil, because(fmt.Sprintf("Peers go on connecting at port %d", port), err))
	case wanted == 0:
		s.keepPort(port)
	}
	if moved {
		s.reach.since = time.Now()
		s.mapPort()
		s.announceAll()
	}
}
