package ui

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"piecewise/engine"
)

// discovery asks how peers are found beside trackers.
func (p *settingsPage) discovery() {
	v := p.v
	p.heading("Finding peers")
	p.row("Distributed hash table", p.tick("use it (DHT)", v.DHT, func(on bool) { v.DHT = on }))
	p.row("", p.tick("only ask, do not answer others", v.DHTReadOnly, func(on bool) { v.DHTReadOnly = on }))
	p.row("First nodes", p.ask("First nodes", strings.Join(v.DHTNodes, ", "), "none", nodesInto(&v.DHTNodes)))
	p.note("These are asked for others when too few nodes are known: host:port, separated by commas.")
	usual := newButton("Take the usual ones", func() {
		v.DHTNodes = engine.DefaultSettings().DHTNodes
		p.field("First nodes").SetText(strings.Join(v.DHTNodes, ", "))
	}, p.keys)
	p.row("", usual)
	p.row("Peer exchange", p.tick("peers tell each other of peers (PEX)", v.PEX, func(on bool) { v.PEX = on }))
	p.row("Local network", p.tick("look for peers there (LSD)", v.LSD, func(on bool) { v.LSD = on }))
	p.note("None of these is used for private torrents.")
	p.row("Ports of peers", p.tick("those below 1024, too", v.LowPorts, func(on bool) { v.LowPorts = on }))
	p.note("Other services listen there, at which nobody should be able to aim us. Peers that you name are dialled at any port.")
}

// field returns what is asked under a label, nil if nothing is.
func (f *form) field(label string) *field {
	for _, q := range f.asked {
		if q.label == label {
			return q.field
		}
	}
	return nil
}

// nodesInto reads a list of "host:port".
func nodesInto(nodes *[]string) func(string) error {
	return func(text string) error {
		var all []string
		for _, entry := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\n' }) {
			host, port, err := net.SplitHostPort(entry)
			n, bad := strconv.ParseUint(port, 10, 16)
			if err != nil || bad != nil || host == "" || n == 0 {
				return fmt.Errorf("“%s” is not a host and its port, such as router.example.org:6881", entry)
			}
			all = append(all, entry)
		}
		*nodes = all
		return nil
	}
}
