package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/piecemap"
	"piecewise/ui/view"
)

// tab is one way to look at the selected torrent. update is called while the tab
// is visible; d is nil until the first details have come.
type tab interface {
	content() fyne.CanvasObject
	update(r *view.Row, d *engine.Detail)
}

// details are the tabs of the selected torrent. Only the visible one is kept up
// to date.
type details struct {
	w       *Window
	content fyne.CanvasObject
	tabs    *container.AppTabs
	none    fyne.CanvasObject
	all     []tab // as in tabs

	peers    *peersTab
	files    *filesTab
	trackers *trackersTab

	arrived *piecemap.Recent // of the torrent of
	of      engine.ID
}

func newDetails(w *Window) *details {
	d := &details{w: w, tabs: container.NewAppTabs()}
	add := func(title string, t tab) {
		d.all = append(d.all, t)
		d.tabs.Append(container.NewTabItem(title, t.content()))
	}
	d.peers, d.files, d.trackers = newPeersTab(w), newFilesTab(w), newTrackersTab(w)
	add("Pieces", newPiecesTab(d))
	add("Peers", d.peers)
	add("Files", d.files)
	add("Trackers", d.trackers)
	add("Overview", newOverviewTab(w))
	add("Log", newLogTab(w))
	d.tabs.OnSelected = func(*container.TabItem) { d.update() }
	d.tabs.Hide()
	none := widget.NewLabel("Select a torrent to see its pieces, peers and files")
	none.Importance = widget.LowImportance
	d.none = container.NewCenter(none)
	d.content = container.NewStack(d.tabs, d.none)
	return d
}

// update shows the selected torrent in the visible tab.
func (d *details) update() {
	r := d.w.list.Find(d.w.lead)
	if r == nil || d.w.lead.IsZero() {
		d.of = engine.ID{}
		if d.tabs.Visible() {
			d.tabs.Hide()
			d.none.Show()
		}
		return
	}
	d.observe(r)
	if i := d.tabs.SelectedIndex(); i >= 0 {
		d.all[i].update(r, d.w.detail())
	}
	if !d.tabs.Visible() {
		d.none.Hide()
		d.tabs.Show()
	}
}

// observe notes which pieces of the selected torrent just arrived.
func (d *details) observe(r *view.Row) {
	if d.of != r.ID {
		d.of = r.ID
		d.arrived = piecemap.NewRecent(arrivedTime)
	}
	if r.Pieces != nil {
		d.arrived.Observe(r.Pieces, d.w.now())
	}
}

// recent returns which pieces of a torrent just arrived; nil if that is not
// known of it.
func (d *details) recent(id engine.ID) *piecemap.Recent {
	if d == nil || id != d.of {
		return nil
	}
	return d.arrived
}
