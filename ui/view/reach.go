package view

import (
	"fmt"
	"strings"

	"piecewise/engine"
)

// reachWords are the states of a port in one word each; not to know has none.
var reachWords = map[engine.ReachState]string{
	engine.ReachOpen:   "open",
	engine.ReachMapped: "mapped",
	engine.ReachClosed: "closed",
}

// Port is the port in the status bar, with whether peers can connect to it, and why.
func Port(s *engine.Snapshot) Held {
	if s.Port == 0 {
		return Held{Text: "not listening"}
	}
	text := fmt.Sprintf("port %d", s.Port)
	if word := reachWords[s.Reach.State]; word != "" {
		text += " " + word
	}
	return Held{Text: text, Hint: Reachable(s.Reach)}
}

// Reachable tells in sentences whether peers can connect to us, and where.
func Reachable(r engine.Reach) string {
	var said []string
	if r.Why != "" {
		said = append(said, r.Why)
	}
	if r.State == engine.ReachOpen && r.Mapping != "" {
		said = append(said, fmt.Sprintf("The router forwards the port (%s).", r.Mapping))
	}
	if r.Port != 0 {
		said = append(said, fmt.Sprintf("From outside it is port %d (%s).", r.Port, r.Mapping))
	}
	if r.Address.IsValid() {
		said = append(said, fmt.Sprintf("Our address is %v, say %s.", r.Address, r.Told))
	}
	if r.Address6.IsValid() {
		said = append(said, fmt.Sprintf("Over IPv6 it is %v, say %s.", r.Address6, r.Told6))
	}
	return strings.ReplaceAll(strings.ReplaceAll(strings.Join(said, " "), "say a ", "says a "), "say the ", "says the ")
}

// NotReached tells of a torrent that is shared, or would be, that nobody can connect to us;
// nothing while somebody may.
func NotReached(s *engine.Snapshot, t *engine.Torrent) []Fact {
	if s.Reach.State != engine.ReachClosed || t.State != engine.Downloading && t.State != engine.Seeding && t.State != engine.Metadata {
		return nil
	}
	return []Fact{{fmt.Sprintf("Port %d is closed", s.Port), s.Reach.Why}}
}
