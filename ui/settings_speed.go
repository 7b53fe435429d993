package ui

import "piecewise/ui/format"

// speed asks for the limits, and when the alternative ones hold.
func (p *settingsPage) speed() {
	v := p.v
	limit := func(label string, rate *int64) *field {
		return p.ask(label, format.Limit(*rate), "no limit", limitInto(rate))
	}
	p.heading("Speed", "Download", "Upload")
	p.row("Limits", limit("Download limit", &v.Limits.Down), limit("Upload limit", &v.Limits.Up))
	p.row("Alternative limits", limit("Alternative download limit", &v.TurtleLimits.Down), limit("Alternative upload limit", &v.TurtleLimits.Up))
	p.note("Write a rate such as 500 kB or 2 MiB, nothing at all for no limit. " +
		"The alternative limits hold while you turn them on (Ctrl+T, or a click on the limits in the status bar), and at these times:")
	p.times = newTimesEditor(p.form, v.Timetable)
	p.gather = func() { v.Timetable = p.times.timetable() }
	p.body.Add(p.times.content)
	p.body.Add(p.tick("No limits for peers in the local network", v.ExemptLocal, func(on bool) { v.ExemptLocal = on }))
}
