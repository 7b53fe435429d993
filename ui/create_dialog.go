package ui

import (
	"errors"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/format"
)

// recipe is what a torrent is made of and how, as the user chose it.
type recipe struct {
	path     string // the file or folder
	save     string // the .torrent file
	format   engine.Format
	length   int // of pieces: 0 is automatic, 1 the shortest, and so on
	trackers string
	comment  string
	source   string
	private  bool
	idle     bool // do not start seeding
}

// createDialog asks for a recipe, and shows what it makes.
type createDialog struct {
	*form
	*contentField
	w    *Window
	r    recipe
	save *field
	plan *widget.Label
}

// askCreate shows the dialog, with what was chosen the last time.
func (w *Window) askCreate() {
	d := newCreateDialog(w)
	sh := &sheet{title: "New torrent", content: d.form.content(), size: fyne.NewSize(640, 560), focus: d.path, shown: d.look}
	sh.choices = []choice{{label: "Create", stay: d.bad, run: d.make}, {label: "Cancel", run: func() { d.cancel() }}}
	d.accept = func() { w.sheets.choose(sh, sh.choices[0]) }
	w.sheets.show(sh)
}

func newCreateDialog(w *Window) *createDialog {
	d := &createDialog{w: w, r: w.recipe, form: newForm(&w.sheets)}
	d.contentField = newContentField(w, d.form, d.r.path)
	d.leave, d.moved, d.seen = func() string { return d.r.save }, d.savesBeside, d.showPlan
	d.build()
	return d
}

func (d *createDialog) build() {
	d.rows()
	d.save = d.ask("Save as", d.r.save, "a .torrent file", d.readSave)
	d.row("Save as", d.save)
	d.row("Hashes", d.choose([]string{"v1: for all clients", "v2: for new clients only", "hybrid: both"}, int(d.r.format), func(i int) {
		d.r.format = engine.Format(i)
		d.showPlan()
	}))
	d.row("Size of pieces", d.choose(lengthNames(), d.r.length, func(i int) {
		d.r.length = i
		d.showPlan()
	}))
	d.plan = d.note("")
	trackers := d.ask("Trackers", d.r.trackers, "one a line; an empty line before those that stand in for them", d.readTrackers)
	trackers.MultiLine = true
	trackers.SetMinRowsVisible(3)
	d.row("Trackers", trackers)
	d.row("Comment", d.ask("Comment", d.r.comment, "", d.readInto(&d.r.comment)))
	d.row("Source", d.ask("Source", d.r.source, "", d.readInto(&d.r.source)))
	d.row("", d.tick("Private: peers from its trackers only", d.r.private, func(on bool) { d.r.private = on }))
	d.row("", d.tick("Start seeding", !d.r.idle, func(on bool) { d.r.idle = !on }))
	d.showPlan()
}

// lengthNames are the choices of recipe.length.
func lengthNames() []string {
	names := []string{"automatic"}
	for n := int64(engine.MinPieceLength); n <= engine.MaxPieceLength; n *= 2 {
		names = append(names, lengthName(n))
	}
	return names
}

func lengthName(n int64) string {
	if n < 1<<20 {
		return format.Count(int(n>>10)) + " KiB"
	}
	return format.Count(int(n>>20)) + " MiB"
}

// savesBeside takes over another path, beside which the .torrent goes if nothing else was said.
func (d *createDialog) savesBeside(was string) {
	d.r.path = d.at
	if d.save != nil && (d.r.save == "" || d.r.save == saveFor(was)) {
		d.save.SetText(saveFor(d.at))
	}
}

// saveFor is where the .torrent of a path goes if nothing else is said: beside it.
func saveFor(path string) string {
	if !filepath.IsAbs(path) {
		return ""
	}
	return filepath.Clean(path) + ".torrent"
}

func (d *createDialog) readSave(text string) error {
	if d.r.save = strings.TrimSpace(text); !filepath.IsAbs(d.r.save) {
		return errors.New("name a file by its whole path")
	}
	return nil
}

func (d *createDialog) readInto(s *string) func(string) error {
	return func(text string) error {
		*s = strings.TrimSpace(text)
		o := engine.CreateOptions{Comment: *s}
		return o.Check()
	}
}

func (d *createDialog) readTrackers(text string) error {
	d.r.trackers = text
	o := engine.CreateOptions{Trackers: tiersIn(text)}
	return o.Check()
}

// tiersIn reads trackers, one a line, in tiers with empty lines between them.
func tiersIn(text string) [][]string {
	var tiers [][]string
	more := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
			more = false
		case more:
			tiers[len(tiers)-1] = append(tiers[len(tiers)-1], line)
		default:
			tiers, more = append(tiers, []string{line}), true
		}
	}
	return tiers
}

// options are the choices, with a length of pieces if that is known.
func (r *recipe) options(c *engine.Content, creator string) engine.CreateOptions {
	o := engine.CreateOptions{
		Format: r.format, Private: r.private, Source: r.source, Comment: r.comment, Trackers: tiersIn(r.trackers),
		CreatedBy: creator, Created: time.Now(),
	}
	switch {
	case r.length > 0:
		o.PieceLength = engine.MinPieceLength << (r.length - 1)
	case c != nil:
		o.PieceLength = engine.PieceLengthFor(c.Size)
	}
	return o
}

// creator is who makes a torrent.
func (w *Window) creator() string { return strings.TrimSpace(w.cfg.ProgramName + " " + w.cfg.Version) }

// showPlan says what the torrent will be.
func (d *createDialog) showPlan() {
	c := d.found
	if c == nil {
		setText(d.plan, "")
		return
	}
	o := d.r.options(c, d.w.creator())
	text := format.Size(c.Size) + " in " + format.Plural(len(c.List), "file", "files") + ": " +
		format.Plural(c.Pieces(o.Format, o.PieceLength), "piece", "pieces") + " of " + lengthName(o.PieceLength) +
		", a .torrent of " + format.Size(c.TorrentSize(o)) + "."
	if c.LeftCount > 0 {
		text += " " + format.Plural(c.LeftCount, "entry is", "entries are") + " left out, such as " +
			format.Text(c.Left[0].Path) + " (" + string(c.Left[0].Why) + ")."
	}
	setText(d.plan, text)
}
