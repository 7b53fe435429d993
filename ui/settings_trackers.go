package ui

// trackers asks which trackers new torrents get, and how tiers are announced to.
func (p *settingsPage) trackers() {
	v := p.v
	p.heading("Trackers")
	at := 0
	if v.OneTier {
		at = 1
	}
	p.row("Announce to", p.choose([]string{"all tiers: finds most peers", "one tier, the next only if it fails"}, at,
		func(i int) { v.OneTier = i == 1 }))
	p.note("Of each tier one tracker is asked at a time, which stays the first as long as it answers.")
	text := p.ask("Trackers for new torrents", textOf(v.Trackers), "one a line; an empty line begins another tier", func(in string) error {
		if err := checkTrackers(in, false); err != nil {
			return err
		}
		v.Trackers = tiersIn(in)
		return nil
	})
	text.MultiLine = true
	text.SetMinRowsVisible(8)
	p.row("For new torrents", text)
	p.note("They are added to every torrent that comes from now on, but never to a private one. " +
		"A magnet link that names trackers gets them once its details are known.")
}
