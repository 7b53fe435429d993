package ui

import (
	"errors"
	"strconv"
	"strings"

	"piecewise/ui/view"
)

// network asks where peers connect.
func (p *settingsPage) network() {
	v := p.v
	p.heading("Network")
	port := ""
	if v.Port != 0 {
		port = strconv.Itoa(v.Port)
	}
	p.row("Port for peers", p.ask("Port for peers", port, "chosen for you", portInto(&v.Port)))
	p.body.Add(p.tick("Ask the router to let peers in (PCP, NAT-PMP or UPnP)", v.PortMapping, func(on bool) { v.PortMapping = on }))
	p.note("Peers connect to this port over TCP and µTP, and over IPv6 where there is a way. It may be changed at any time.")
	state := wrapped("")
	p.body.Add(state)
	p.update = func() { setText(state, p.w.reach()) }
}

// reach tells whether peers can connect now.
func (w *Window) reach() string {
	now := view.Port(w.snapshot)
	return "Now: " + now.Text + ". " + now.Hint
}

// portInto reads a port; nothing is 0.
func portInto(port *int) func(string) error {
	return func(text string) error {
		text = strings.TrimSpace(text)
		if text == "" {
			*port = 0
			return nil
		}
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n == 0 {
			return errors.New("a port is a number from 1 to 65535")
		}
		*port = int(n)
		return nil
	}
}
