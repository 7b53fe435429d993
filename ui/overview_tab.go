package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/view"
)

// overviewTab tells all that is known of a torrent, a fact a line.
type overviewTab struct {
	w      *Window
	grid   *fyne.Container
	scroll *container.Scroll
	labels []*widget.Label // pairs
	cancel *button         // of a move
	goOn   *button         // in files that were there before
	offers *fyne.Container // these buttons
}

func newOverviewTab(w *Window) *overviewTab {
	t := &overviewTab{w: w, grid: container.New(layout.NewFormLayout())}
	keys := func(ev *fyne.KeyEvent) bool { w.actions.typedKey(ev); return true }
	t.cancel = newButton("Cancel the move", w.cancelMoves, keys)
	t.goOn = newButton("Continue in the files that are there…", w.askContinue, keys)
	t.cancel.Hide()
	t.goOn.Hide()
	t.offers = container.NewHBox(t.cancel, t.goOn)
	t.offers.Hide()
	t.scroll = container.NewVScroll(container.NewVBox(t.offers, t.grid))
	return t
}

func (t *overviewTab) content() fyne.CanvasObject { return t.scroll }

func (t *overviewTab) update(r *view.Row, _ *engine.Detail) {
	facts := view.Facts(r.Torrent, t.w.now())
	if t.w.snapshot != nil {
		facts = append(facts, view.NotReached(t.w.snapshot, r.Torrent)...)
	}
	t.offer(t.cancel, moving(r.Torrent))
	t.offer(t.goOn, inTheWay(r.Torrent))
	for len(t.labels) < 2*len(facts) {
		label, text := widget.NewLabel(""), widget.NewLabel("")
		label.Importance = widget.LowImportance
		label.Alignment = fyne.TextAlignTrailing
		text.Selectable = true
		text.Wrapping = fyne.TextWrapWord
		t.labels = append(t.labels, label, text)
		t.grid.Add(label)
		t.grid.Add(text)
	}
	before := t.grid.MinSize()
	for i, l := range t.labels {
		if i/2 >= len(facts) {
			l.Hide()
			continue
		}
		text := facts[i/2].Label
		if i%2 == 1 {
			text = facts[i/2].Text
		}
		setText(l, text)
		l.Show()
	}
	if t.grid.MinSize() != before {
		t.scroll.Refresh() // the labels push the texts
	}
}

// offer shows a button while there is something for it to do.
func (t *overviewTab) offer(b *button, can bool) {
	if can == b.Visible() {
		return
	}
	if b.Hide(); can {
		b.Show()
	}
	if t.offers.Hide(); t.cancel.Visible() || t.goOn.Visible() {
		t.offers.Show()
	}
	t.scroll.Refresh()
}
