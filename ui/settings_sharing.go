package ui

import (
	"strconv"

	"piecewise/ui/view"
)

// sharing asks for the tracker of our own.
func (p *settingsPage) sharing() {
	v := p.v
	p.heading("A tracker of your own")
	p.body.Add(p.tick("Run a tracker, through which others find each other", v.TrackerOn, func(on bool) { v.TrackerOn = on }))
	port := ""
	if v.TrackerPort != 0 {
		port = strconv.Itoa(v.TrackerPort)
	}
	p.row("Port of the tracker", p.ask("Port of the tracker", port, "a free one, another each time", portInto(&v.TrackerPort)))
	p.body.Add(p.tick("For any torrent that is announced, not only for those in the list", v.TrackerOpen, func(on bool) { v.TrackerOpen = on }))
	p.note("File, Share… turns it on by itself. Others can only reach it if no router or firewall keeps them from this port, over TCP and UDP.")
	status := p.note("")
	p.update = func() { setText(status, view.Hosting(p.w.snapshot.Hosting)) }
}
