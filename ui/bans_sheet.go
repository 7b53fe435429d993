package ui

import (
	"context"
	"net/netip"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"piecewise/engine"
	"piecewise/ui/format"
	"piecewise/ui/piecemap"
	"piecewise/ui/table"
	"piecewise/ui/view"
)

// bansSheet lists the peers that may not connect, the newest first, and lets them
// connect again.
type bansSheet struct {
	w     *Window
	table *table.Table[netip.AddrPort]
	bans  []engine.Ban // the oldest first
}

func (w *Window) showBans() {
	b := &bansSheet{w: w, bans: w.snapshot.Bans}
	b.table = table.New([]table.Column{
		{ID: "address", Title: "Address", Width: 170, Min: 60},
		{ID: "why", Title: "Why", Width: 300, Min: 60},
		{ID: "since", Title: "Since", Width: 130, Min: 60},
	}, table.Model[netip.AddrPort](b))
	b.table.OnActivate = func(netip.AddrPort) { b.allow() }
	b.table.OnTypedKey = func(ev *fyne.KeyEvent) { w.sheets.typedKey(ev) }
	allow := newButton("Let connect again", b.allow, w.sheets.typedKey)
	all := newButton("Let all connect again", b.allowAll, w.sheets.typedKey)
	note := wrapped("These peers may not connect: those that you banned until you let them again, those that sent wrong blocks until the program ends.")
	w.sheets.show(&sheet{
		title: "Banned peers", size: fyne.NewSize(660, 340), shown: b.table.Focus, more: container.NewHBox(allow, all),
		content: container.NewBorder(note, nil, nil, nil, b.table),
		choices: []choice{{label: "Close", run: func() { w.bans = nil }}},
	})
	w.bans = b
}

// update takes over the bans of a new snapshot.
func (b *bansSheet) update() {
	b.bans = b.w.snapshot.Bans
	b.table.Refresh()
}

func (b *bansSheet) allow() {
	peers := b.table.Selected()
	if len(peers) == 0 {
		b.w.say("Select a banned peer first")
		return
	}
	b.w.command("Ending the ban", func(ctx context.Context) error {
		for _, p := range peers {
			if err := b.w.cfg.Engine.Unban(ctx, p); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bansSheet) allowAll() {
	if b.Len() == 0 {
		b.w.say("Nobody is banned")
		return
	}
	b.w.command("Ending the bans", b.w.cfg.Engine.UnbanAll)
}

func (b *bansSheet) ban(row int) engine.Ban { return b.bans[len(b.bans)-1-row] }

// Len returns the number of bans.
func (b *bansSheet) Len() int { return len(b.bans) }

// Key returns the address that is banned.
func (b *bansSheet) Key(row int) netip.AddrPort { return b.ban(row).Addr }

// Text returns what a cell shows.
func (b *bansSheet) Text(row, col int) string {
	x := b.ban(row)
	switch col {
	case 0:
		return view.BanAddress(x)
	case 1:
		if t := b.w.list.Find(x.Torrent); t != nil {
			return x.Why + " (" + t.Title + ")"
		}
		return x.Why
	}
	return format.Moment(x.Since)
}

// Tone returns how a cell is to be read.
func (b *bansSheet) Tone(int, int) table.Tone { return table.Plain }

// Strip is not used: no column is a bar.
func (b *bansSheet) Strip(int, int) piecemap.Strip { return piecemap.Strip{} }
