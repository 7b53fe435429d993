package ui

import "piecewise/engine"

// The functions here say why an action cannot be done now: "" if it can.

func (w *Window) noDesktop() string {
	if w.cfg.Desktop == nil {
		return "There is no file dialog here: drop or paste instead"
	}
	return ""
}

func (w *Window) notReady() string {
	if w.snapshot == nil {
		return "The list is still being read"
	}
	return ""
}

func (w *Window) nothingThere() string {
	if w.list.All() == 0 {
		return "There is no torrent in the list"
	}
	return ""
}

func (w *Window) nothingSelected() string {
	if len(w.selected) == 0 {
		return "Select a torrent first"
	}
	return ""
}

// none says why no selected torrent is fit, if none is.
func (w *Window) none(fit func(*engine.Torrent) bool, reason string) string {
	if why := w.nothingSelected(); why != "" {
		return why
	}
	for _, r := range w.torrents() {
		if fit(r.Torrent) {
			return ""
		}
	}
	return reason
}

func stopped(t *engine.Torrent) bool {
	return t.State == engine.Stopped || t.State == engine.Faulted
}

func running(t *engine.Torrent) bool { return !stopped(t) }

func (w *Window) nothingPaused() string { return w.none(stopped, "What is selected runs already") }

func (w *Window) nothingRuns() string { return w.none(running, "What is selected is paused") }

func (w *Window) nothingToCheck() string {
	return w.none(func(t *engine.Torrent) bool { return t.Meta != nil }, "Its details are not known yet")
}

func (w *Window) notOne() string {
	switch len(w.selected) {
	case 0:
		return "Select a torrent first"
	case 1:
		return ""
	}
	return "Select one torrent only"
}

func (w *Window) noFolder() string {
	if w.cfg.Desktop == nil {
		return "There is no file manager here"
	}
	return w.notOne()
}
