package ui

import (
	"cmp"
	"context"
	"net/netip"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/format"
	"piecewise/ui/view"
)

// peerMenu offers what can be done with a peer of the selected torrent.
func (w *Window) peerMenu(p engine.Peer, at fyne.Position) {
	id := w.lead
	what := "peer"
	if p.URL != "" {
		what = "web seed"
	}
	menu := fyne.NewMenu("",
		fyne.NewMenuItem("Limit this "+what+"…", func() { w.askPeerLimit(id, p) }),
		fyne.NewMenuItem("Copy its address", func() {
			w.cfg.App.Clipboard().SetContent(cmp.Or(p.URL, p.Addr.String()))
			w.say("The address is on the clipboard")
		}),
	)
	if p.URL == "" {
		menu.Items = append(menu.Items, fyne.NewMenuItemSeparator(), fyne.NewMenuItem("Ban this peer", func() { w.ban(p.Addr) }))
	}
	widget.ShowPopUpMenuAtPosition(menu, w.win.Canvas(), at)
}

// askPeerLimit asks for the limits of one peer, which hold until the program ends.
func (w *Window) askPeerLimit(id engine.ID, p engine.Peer) {
	f := newForm(&w.sheets)
	l := p.Limits
	f.row("Download limit", f.ask("Download limit", format.Limit(l.Down), "no limit", limitInto(&l.Down)))
	if p.URL == "" {
		f.row("Upload limit", f.ask("Upload limit", format.Limit(l.Up), "no limit", limitInto(&l.Up)))
	}
	text := "They hold for this torrent until the program ends, also when the peer comes back."
	if p.Exempt {
		text = "The peer is in the local network, which the settings exempt from limits: these hold once they do not. " + text
	}
	f.note(text)
	sh := &sheet{title: "Limits of " + view.PeerName(&p), content: f.content(), size: fyne.NewSize(500, 240), focus: f.asked[0].field}
	sh.choices = []choice{{label: "Save", stay: f.bad, run: func() {
		f.check()
		w.command("Limiting the peer", func(ctx context.Context) error { return w.cfg.Engine.SetPeerLimit(ctx, id, p.Addr, l) })
	}}, {label: "Cancel"}}
	f.accept = func() { w.sheets.choose(sh, sh.choices[0]) }
	w.sheets.show(sh)
}

func (w *Window) ban(peer netip.AddrPort) {
	w.command("Banning "+peer.String(), func(ctx context.Context) error { return w.cfg.Engine.Ban(ctx, peer) })
	w.say(peer.Addr().String() + " is banned. “Banned peers” in the File menu takes it back")
}
