package ui

import (
	"context"
	"errors"
	"strings"

	"fyne.io/fyne/v2"

	"piecewise/engine"
	"piecewise/ui/format"
)

// What the tab of trackers does.

// announce asks the selected trackers for peers, or all if none is selected.
func (t *trackersTab) announce() {
	id, urls := t.w.lead, t.table.Selected()
	t.w.command("Announcing", func(ctx context.Context) error {
		if len(urls) == 0 {
			return t.w.cfg.Engine.Announce(ctx, id)
		}
		for _, u := range urls {
			if err := t.w.cfg.Engine.AnnounceTo(ctx, id, u); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range t.trackers {
		if x := &t.trackers[i]; x.Next.After(t.now) && (len(urls) == 0 || t.trackers[i].URL == urls[0]) {
			t.w.say("Announcing as soon as the tracker allows it: “Next announce” tells when")
			return
		}
	}
}

func (t *trackersTab) copy() {
	urls := t.table.Selected()
	t.w.cfg.App.Clipboard().SetContent(strings.Join(urls, "\n"))
	if len(urls) == 1 {
		t.w.say("The tracker's address is on the clipboard")
	} else {
		t.w.say(format.Count(len(urls)) + " addresses are on the clipboard")
	}
}

func (t *trackersTab) remove() {
	id, urls := t.w.lead, t.table.Selected()
	t.w.command("Removing trackers", func(ctx context.Context) error {
		return t.w.cfg.Engine.RemoveTrackers(ctx, id, urls...)
	})
}

// move moves a tracker by one step in the list of tiers.
func (t *trackersTab) move(toFront bool) {
	id, url := t.w.lead, t.table.Selected()[0]
	t.w.command("Moving the tracker", func(ctx context.Context) error {
		return t.w.cfg.Engine.MoveTracker(ctx, id, url, toFront)
	})
}

// privateNote is what is to be known before another tracker is given to a private torrent.
const privateNote = "This torrent is private: its peers are to come from its own trackers only. Those may lock out who announces it elsewhere."

// askAdd asks for more trackers. Of a private torrent that is to be confirmed.
func (t *trackersTab) askAdd() {
	id, text := t.w.lead, ""
	f := newForm(&t.w.sheets)
	x := f.ask("Trackers", "", "one a line; an empty line before those that are a tier of their own", func(in string) error {
		text = in
		return checkTrackers(in, true)
	})
	x.MultiLine = true
	x.SetMinRowsVisible(6)
	f.body.Add(x)
	sh := &sheet{title: "Add trackers", content: f.content(), size: fyne.NewSize(600, 260), focus: x}
	label := "Add"
	if t.private {
		f.note(privateNote)
		label = "Add anyway"
	}
	sh.choices = []choice{{label: label, danger: t.private, stay: f.bad, run: func() {
		tiers := tiersIn(text)
		t.w.command("Adding trackers", func(ctx context.Context) error { return t.w.cfg.Engine.AddTrackers(ctx, id, tiers) })
	}}, {label: "Cancel"}}
	f.accept = func() { t.w.sheets.choose(sh, sh.choices[0]) }
	t.w.sheets.show(sh)
}

// askEdit asks for another address of the selected tracker.
func (t *trackersTab) askEdit() {
	id, url := t.w.lead, t.table.Selected()[0]
	other := url
	f := newForm(&t.w.sheets)
	x := f.ask("Tracker", url, "", func(in string) error {
		other = strings.TrimSpace(in)
		return checkTrackers(other, true)
	})
	f.body.Add(x)
	if t.private {
		f.note(privateNote)
	}
	sh := &sheet{title: "Edit tracker", content: f.content(), size: fyne.NewSize(600, 140), focus: x}
	sh.choices = []choice{{label: "Save", stay: f.bad, run: func() {
		t.w.command("Editing the tracker", func(ctx context.Context) error { return t.w.cfg.Engine.EditTracker(ctx, id, url, other) })
	}}, {label: "Cancel"}}
	f.accept = func() { t.w.sheets.choose(sh, sh.choices[0]) }
	t.w.sheets.show(sh)
}

// checkTrackers returns why lines of text cannot be trackers, the end of a sentence.
func checkTrackers(text string, needed bool) error {
	none := true
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		none = false
		if err := engine.CheckTracker(line); err != nil {
			return errors.New(shortName(line) + ": " + err.Error())
		}
	}
	if none && needed {
		return errors.New("name at least one")
	}
	return nil
}

// textOf writes tiers as tiersIn reads them.
func textOf(tiers [][]string) string {
	parts := make([]string, len(tiers))
	for i, tier := range tiers {
		parts[i] = strings.Join(tier, "\n")
	}
	return strings.Join(parts, "\n\n")
}
