package view

import (
	"fmt"

	"piecewise/engine"
	"piecewise/ui/format"
)

// webSeedState says in words what a web seed does, or why nothing comes from it and
// until when.
func webSeedState(p *engine.Peer) string {
	switch {
	case p.Err != "" && p.Next.IsZero():
		return "set aside: " + format.Text(p.Err)
	case p.Err != "":
		return format.Text(p.Err) + "; tried again at " + p.Next.Format("15:04:05")
	case !p.Interested:
		return "has nothing for us"
	case p.Down == 0 && p.Requests == 0:
		return "may send"
	case p.Down == 0:
		return "is asked"
	}
	return "sends"
}

// maxReasons is how many web seeds are named with what is the matter.
const maxReasons = 4

// WebSeedReasons says of each web seed of which nothing comes why that is, in a line of
// its own: a column has no room for it.
func WebSeedReasons(peers []*engine.Peer) (lines []string) {
	more := 0
	for _, p := range peers {
		switch {
		case p.URL == "" || p.Err == "":
		case len(lines) == maxReasons:
			more++
		default:
			lines = append(lines, PeerName(p)+": "+webSeedState(p))
		}
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return lines
}
