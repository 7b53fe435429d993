package ui

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/format"
	"piecewise/ui/view"
)

// shareDialog asks for a file or folder, makes a torrent of it, shares it through our
// own tracker, and gives out the link: all in one sheet, one part after the other.
type shareDialog struct {
	*form
	*contentField
	w     *Window
	sheet *sheet
	parts [3]fyne.CanvasObject // what is asked, how far it is, what came of it
	stage shareStage

	place  int    // of places, where others reach us
	name   string // a host, with or without a port, that stands in for it
	places []engine.Place

	box  *choiceBox
	plan *widget.Label
	job  *shareJob // nil before the first
	done *shareDone
}

// shareStage is which part of the dialog is shown.
type shareStage uint8

const (
	shareAsks shareStage = iota
	shareWorks
	shareDoneWell
)

// askShare shows the dialog, once it is known where others could reach us.
func (w *Window) askShare() {
	w.looks.add(func(ctx context.Context) func() {
		places, err := w.cfg.Engine.Places(ctx)
		if err != nil {
			return nil // the program ends
		}
		return func() { w.showShare(places) }
	})
}

func (w *Window) showShare(places []engine.Place) {
	d := &shareDialog{w: w, places: places, form: newForm(&w.sheets)}
	d.contentField = newContentField(w, d.form, "")
	d.seen = d.showPlan
	d.build()
	d.sheet = &sheet{
		title: "Share a file or folder", content: container.NewStack(d.parts[:]...), size: fyne.NewSize(640, 350), focus: d.path,
	}
	d.sheet.choices = []choice{{label: "Share", stay: d.goOn}, {label: "Cancel", stay: d.goBack, run: func() { w.sharing = nil }}}
	d.accept = func() { w.sheets.choose(d.sheet, d.sheet.choices[0]) }
	w.sharing = d
	w.sheets.show(d.sheet)
	d.show(shareAsks)
}

func (d *shareDialog) build() {
	d.rows()
	var names []string
	for _, p := range d.places {
		names = append(names, view.PlaceName(p))
	}
	d.box = d.choose(names, 0, func(i int) { d.place = i })
	d.row("Others reach you at", d.box)
	d.row("or at", d.ask("Another address", "", "a name or address that you know of, such as example.org", d.readName))
	d.plan = d.note("")
	d.note("A torrent is made of it and seeded from where it is. Others find you through a tracker that runs in this program, " +
		"for as long as it runs: there is nothing to upload, and no other site.")
	d.job = newShareJob(d)
	d.done = newShareDone(d)
	d.parts = [3]fyne.CanvasObject{d.form.content(), d.job.content, d.done.content()}
}

// show shows one part.
func (d *shareDialog) show(stage shareStage) {
	d.stage = stage
	for i, part := range d.parts {
		if i == int(stage) {
			part.Show()
		} else {
			part.Hide()
		}
	}
	quit, act := d.sheet.buttons[0], d.sheet.buttons[1]
	quit.SetText("Cancel")
	act.SetText("Share")
	act.Enable()
	switch stage {
	case shareAsks:
		d.canvas.Focus(d.path)
	case shareWorks:
		act.Disable()
		d.canvas.Unfocus() // so that Enter, which began it, does not end it
	case shareDoneWell:
		act.SetText("Copy the link")
		quit.SetText("Close")
		d.canvas.Focus(act)
	}
}

// goOn does what the first button says, and keeps the sheet.
func (d *shareDialog) goOn() bool {
	switch {
	case d.stage == shareDoneWell:
		d.done.copy()
	case d.stage == shareAsks && !d.bad():
		d.job.begin()
		d.show(shareWorks)
	}
	return true
}

// goBack ends what is under way, if anything is; else the sheet may close.
func (d *shareDialog) goBack() bool {
	d.cancel()
	if d.stage != shareWorks {
		return false
	}
	d.w.say("Nothing is shared")
	d.show(shareAsks)
	return true
}

// update shows what a new snapshot has.
func (d *shareDialog) update() {
	if d.stage == shareDoneWell {
		d.done.update()
	}
}

// showPlan says what will be shared.
func (d *shareDialog) showPlan() {
	text := ""
	if c := d.found; c != nil {
		text = format.Size(c.Size) + " in " + format.Plural(len(c.List), "file", "files") + "."
	}
	setText(d.plan, text)
}

// readName takes a host that others reach us by, with a port if that is another one
// than the tracker's.
func (d *shareDialog) readName(text string) error {
	d.name = strings.TrimSpace(text)
	if d.name == "" && len(d.places) == 0 {
		return errors.New("this machine has no address that is known: name one")
	}
	if d.name == "" {
		return nil
	}
	if _, err := announceAt(d.name, 1); err != nil {
		return err
	}
	return nil
}

// announceAt is the address of our tracker at a host that the user named.
func announceAt(name string, port int) (string, error) {
	wrong := errors.New("write a name or an address, such as example.org or 192.0.2.1:6969")
	if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return engine.AnnounceURL(ip, port), nil
	}
	u, err := url.Parse("http://" + name)
	if err != nil || u.Host != name || u.Hostname() == "" || strings.ContainsAny(name, " \t/?#@") {
		return "", wrong
	}
	if u.Port() == "" {
		if strings.Contains(name, ":") {
			return "", wrong
		}
		u.Host += ":" + strconv.Itoa(port)
	} else if n, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || n == 0 {
		return "", wrong
	}
	u.Path = "/announce"
	return u.String(), nil
}

// way is where others are to reach us, as was chosen.
type way struct {
	name  string // a host, with a port if it has one; "" for place
	place engine.Place
}

func (d *shareDialog) way() way {
	if d.name != "" {
		return way{name: d.name}
	}
	return way{place: d.places[d.place]}
}

// reached is who can reach us there, and the announce address.
func (v way) reached(h engine.Hosting) (kind engine.PlaceKind, announce string) {
	if v.name != "" {
		announce, _ = announceAt(v.name, h.Port) // it was read
		return engine.PlaceOutside, announce
	}
	p := v.place
	for _, now := range h.Places {
		if now.Addr == p.Addr {
			p = now // with the port that the router gave meanwhile
		}
	}
	return p.Kind, engine.AnnounceURL(p.Addr, p.PortOr(h.Port))
}
