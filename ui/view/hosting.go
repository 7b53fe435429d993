package view

import (
	"fmt"
	"strings"
	"time"

	"piecewise/engine"
	"piecewise/ui/format"
)

// Hosting says how our own tracker is doing.
func Hosting(h engine.Hosting) string {
	switch {
	case h.Err != "":
		return sentence(h.Err)
	case !h.On:
		return "It is off."
	}
	text := fmt.Sprintf("It answers at port %d, over HTTP and UDP: %s, %s, %s.", h.Port, format.Plural(h.Torrents, "torrent", "torrents"),
		format.Plural(h.Peers, "peer", "peers"), format.Plural(int(h.Announces), "announce", "announces"))
	if n := h.Refused + h.Limited + h.Crowded; n > 0 {
		text += " " + format.Count(int(n)) + " refused."
	}
	return text + " " + whoReached(h)
}

func sentence(text string) string { return strings.TrimRight(text, ". ") + "." }

func whoReached(h engine.Hosting) string {
	switch {
	case !h.Outside.IsZero():
		return "Others reach it from outside, the last at " + clockOf(h.Outside) + "."
	case !h.Inside.IsZero():
		return "It was reached from the local network, not yet from outside."
	}
	return "Nobody but this machine has reached it yet."
}

func clockOf(t time.Time) string { return t.Local().Format("15:04") }

// Reach says who can reach our own tracker at an address of a kind, and how sure that
// is: only that somebody has done so makes it certain. peers is the port for peers.
func Reach(h engine.Hosting, kind engine.PlaceKind, peers int) string {
	ports := fmt.Sprintf("port %d for the tracker and port %d for peers, over TCP and UDP", h.Port, peers)
	switch {
	case h.Err != "":
		return sentence(h.Err) + " Nobody finds you until it runs."
	case !h.On:
		return "The tracker is off. Nobody finds you through it until it runs: see Settings, Sharing."
	case kind == engine.PlaceHere:
		return "Only programs on this machine reach this address."
	case kind == engine.PlaceInside && !h.Inside.IsZero():
		return "Others in the local network reach it, the last at " + clockOf(h.Inside) + ". From outside it cannot be reached at this address."
	case kind == engine.PlaceInside:
		return "Only those in the same local network can reach this address. Whether they do could not be verified: none has yet. A firewall may have to let in " + ports + "."
	case !h.Outside.IsZero():
		return "Others reach it from outside, the last at " + clockOf(h.Outside) + "."
	case kind == engine.PlaceMapped:
		return "Your router says that it lets others in. Whether they reach it could not be verified: nobody from outside has yet."
	}
	return "Whether others can reach it could not be verified: nobody from outside has yet. Your router or firewall may have to let in " + ports + "."
}

// PlaceName says what an address is.
func PlaceName(p engine.Place) string {
	switch p.Kind {
	case engine.PlaceOutside:
		return p.Addr.String() + ": for everybody"
	case engine.PlaceMapped:
		return p.Addr.String() + ": for everybody, your router lets them in"
	case engine.PlaceSeen:
		return p.Addr.String() + ": for everybody, if your router lets them in"
	case engine.PlaceInside:
		return p.Addr.String() + ": for the local network"
	}
	return p.Addr.String() + ": for this machine only"
}
