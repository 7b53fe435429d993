package ui

import (
	"net/netip"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/format"
	"piecewise/ui/piecemap"
	"piecewise/ui/table"
	"piecewise/ui/view"
)

// peersTab has a row for each connected peer, with its own bar of pieces.
type peersTab struct {
	body    fyne.CanvasObject
	table   *table.Table[netip.AddrPort]
	hint    *widget.Label
	peers   []*engine.Peer
	shown   *engine.Detail
	by      view.PeerColumn
	falling bool
}

var peerWidths = [...]float32{
	view.PeerAddress: 150, view.PeerBar: 160, view.PeerDone: 52, view.PeerDown: 84, view.PeerUp: 84, view.PeerState: 190,
	view.PeerRequests: 104, view.PeerQueue: 100, view.PeerClient: 130, view.PeerFlags: 60, view.PeerTransport: 68,
	view.PeerEncryption: 104, view.PeerDownloaded: 76, view.PeerUploaded: 76, view.PeerLimits: 130, view.PeerWasted: 70,
	view.PeerProtocolDown: 128, view.PeerProtocolUp: 128, view.PeerID: 180,
}

func newPeersTab(w *Window) *peersTab {
	t := &peersTab{hint: widget.NewLabel("")}
	t.hint.SizeName = theme.SizeNameCaptionText
	t.hint.Importance = widget.LowImportance
	t.hint.Wrapping = fyne.TextWrapWord
	var columns []table.Column
	for _, c := range view.PeerColumns() {
		column := columnOf(c.Title(), c.Title(), peerWidths[c], c.Numeric(), c.Drawn())
		column.Hidden = c >= view.PeerLimits
		columns = append(columns, column)
	}
	t.table = table.New(columns, table.Model[netip.AddrPort](t))
	t.table.SetSort(view.PeerAddress.Title(), false)
	t.table.OnSort = t.sort
	t.table.OnTypedKey = w.actions.typedKey
	t.table.OnMenu = func(addr netip.AddrPort, at fyne.Position) { t.menu(w, addr, at) }
	t.body = container.NewBorder(nil, t.hint, nil, nil, t.table)
	t.arrange()
	return t
}

func (t *peersTab) menu(w *Window, addr netip.AddrPort, at fyne.Position) {
	for _, p := range t.peers {
		if p.Addr == addr {
			w.peerMenu(*p, at)
		}
	}
}

func (t *peersTab) content() fyne.CanvasObject { return t.body }

func (t *peersTab) update(_ *view.Row, d *engine.Detail) {
	if d == t.shown && d != nil {
		return
	}
	t.shown = d
	t.arrange()
}

func (t *peersTab) arrange() {
	t.peers = nil
	if t.shown != nil {
		t.peers = view.SortPeers(t.shown.Peers, t.by, t.falling)
	}
	t.table.Refresh()
	lines := append(view.WebSeedReasons(t.peers), "Flags: "+strings.Join(view.Legend(), " · "))
	if text := strings.Join(lines, "\n"); text != t.hint.Text {
		t.hint.SetText(text)
		if t.body != nil {
			t.body.Refresh() // it has another height
		}
	}
}

func (t *peersTab) sort(title string, falling bool) {
	for _, c := range view.PeerColumns() {
		if c.Title() == title {
			t.by, t.falling = c, falling
		}
	}
	t.arrange()
}

// State returns what is to be remembered of the columns.
func (t *peersTab) State() table.State { return t.table.State() }

// Restore takes over what was remembered.
func (t *peersTab) Restore(s table.State) {
	t.table.Restore(s)
	t.sort(s.Sort, s.Descending)
}

// Len returns the number of peers.
func (t *peersTab) Len() int { return len(t.peers) }

// Key returns the address of a peer.
func (t *peersTab) Key(row int) netip.AddrPort { return t.peers[row].Addr }

// Text returns what a cell shows.
func (t *peersTab) Text(row, col int) string { return view.PeerColumn(col).Text(t.peers[row]) }

// Tone returns how a cell is to be read.
func (t *peersTab) Tone(row, col int) table.Tone {
	if t.Text(row, col) == format.None {
		return table.Dim
	}
	return table.Plain
}

// Strip returns the pieces that a peer has.
func (t *peersTab) Strip(row, _ int) piecemap.Strip {
	if t.peers[row].Have.Len() == 0 {
		return piecemap.Strip{}
	}
	return piecemap.Strip{Source: &t.peers[row].Have}
}
