package ui

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
	if len(w.chosen.rows) == 0 {
		return "Select a torrent first"
	}
	return ""
}

// unless says why no selected torrent is fit, if none is.
func (w *Window) unless(fit bool, reason string) string {
	if why := w.nothingSelected(); why != "" || fit {
		return why
	}
	return reason
}

func (w *Window) nothingPaused() string {
	return w.unless(w.chosen.stopped, "What is selected runs already")
}

func (w *Window) nothingRuns() string {
	return w.unless(w.chosen.running, "What is selected is paused")
}

func (w *Window) nothingToCheck() string {
	return w.unless(w.chosen.known, "Its details are not known yet")
}

func (w *Window) nothingMoves() string {
	return w.unless(w.chosen.moving, "Nothing of what is selected is being moved")
}

func (w *Window) nothingInTheWay() string {
	return w.unless(w.chosen.inTheWay, "Nothing of what is selected was stopped by files that were there before")
}

func (w *Window) notOne() string {
	return w.unless(len(w.chosen.rows) == 1, "Select one torrent only")
}

func (w *Window) notOneKnown() string {
	if why := w.notOne(); why != "" {
		return why
	}
	return w.unless(w.chosen.known, "Its details are not known yet")
}

func (w *Window) noFolder() string {
	if w.cfg.Desktop == nil {
		return "There is no file manager here"
	}
	return w.notOne()
}
