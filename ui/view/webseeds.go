package view

import (
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
