package ui

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/filetree"
	"piecewise/ui/format"
	"piecewise/ui/view"
)

// addDialog asks how to add one torrent. That of a magnet comes up without
// files, and is filled in when its details arrive.
type addDialog struct {
	w     *Window
	src   *engine.Source
	sheet *sheet

	meta  *engine.Meta // nil until known
	free  int64        // bytes below freeOf; -1 if unknown
	there int          // files that are in the folder already
	asks  int          // how often the folder was looked at; older answers are dropped

	name, size, room, found, waits *widget.Label
	dir                            *field
	tree                           *filetree.View
	files                          *fyne.Container // the tree and what belongs to it
	start, silent                  *check
}

// askAdd shows the dialog for a source, after those that are shown already.
func (w *Window) askAdd(src *engine.Source) {
	d := &addDialog{w: w, src: src, free: -1}
	d.build()
	w.sheets.show(d.sheet)
}

func (d *addDialog) build() {
	keys := d.w.sheets.typedKey
	settings := d.w.snapshot.Settings
	d.name = widget.NewLabelWithStyle(nameOf(d.src), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	d.name.SizeName = theme.SizeNameSubHeadingText
	d.name.Truncation = fyne.TextTruncateEllipsis
	d.size, d.room, d.found = widget.NewLabel(""), widget.NewLabel(""), widget.NewLabel("")
	d.found.Wrapping = fyne.TextWrapWord
	d.found.Hide()
	d.waits = widget.NewLabelWithStyle("Getting the file list from peers…\n\n"+d.known(), fyne.TextAlignCenter, fyne.TextStyle{})
	d.dir = newField(keys)
	d.dir.SetText(settings.Dir)
	d.dir.OnChanged = func(string) {
		d.showRoom()
		d.look()
	}
	d.dir.OnSubmitted = func(string) { d.w.sheets.choose(d.sheet, d.sheet.choices[0]) }
	d.tree = filetree.NewPicker(fileFormat)
	d.tree.OnChange = d.sum
	d.tree.OnActivate = func(int) { d.w.sheets.choose(d.sheet, d.sheet.choices[0]) }
	d.tree.OnTypedKey = func(ev *fyne.KeyEvent) { keys(ev) }
	d.start = newCheck("Start now", !settings.AddPaused, keys)
	d.silent = newCheck("Don't ask again", false, keys)
	d.sheet = &sheet{
		title:   "Add torrent",
		content: d.layOut(),
		size:    fyne.NewSize(720, 520),
		more:    container.NewHBox(d.start, d.silent),
		choices: []choice{{label: "Add", stay: d.badDir, run: d.accept}, {label: "Cancel", run: d.leave}},
		shown:   d.shown,
	}
	d.fill(d.src.Meta)
}

// known says what the magnet link tells already, and what becomes of it.
func (d *addDialog) known() string {
	var names []string
	count := func(n int, one, many string) {
		if n > 0 {
			names = append(names, format.Plural(n, one, many))
		}
	}
	trackers := 0
	for _, tier := range d.src.Trackers {
		trackers += len(tier)
	}
	count(trackers, "tracker", "trackers")
	count(len(d.src.Peers), "peer", "peers")
	count(len(d.src.WebSeeds), "web seed", "web seeds")
	text := "The link names no tracker"
	if len(names) > 0 {
		text = "The link names " + strings.Join(names, ", ")
	}
	if len(d.src.Exact) > 0 {
		host := d.src.Exact[0]
		if u, err := url.Parse(host); err == nil {
			host = u.Host
		}
		text += ", and a .torrent at " + format.Name(host) + ", which is fetched when you add it"
	}
	chosen := "then all its files are downloaded."
	if d.src.Selects() {
		chosen = "then the files are downloaded that the link means."
	}
	return text + ".\nYou can add it right away; " + chosen
}

func (d *addDialog) layOut() fyne.CanvasObject {
	keys := d.w.sheets.typedKey
	browse := newButton("Browse…", d.browse, keys)
	if d.w.cfg.Desktop == nil {
		browse.Disable()
	}
	folder := container.NewBorder(nil, nil, widget.NewLabel("Save in"), browse, d.dir)
	choose := func(label string, on bool) *button { return newButton(label, func() { d.checkAll(on) }, keys) }
	d.files = container.NewBorder(
		container.NewHBox(d.size, layout.NewSpacer(), choose("All", true), choose("None", false)),
		nil, nil, nil, d.tree)
	top := container.NewVBox(d.name, folder, d.room, d.found)
	return container.NewBorder(top, nil, nil, nil, container.NewStack(d.files, container.NewCenter(d.waits)))
}

// shown begins what the dialog needs, once it is its turn.
func (d *addDialog) shown() {
	if d.w.isListed(d.src.ID) {
		d.replace()
		return
	}
	d.w.adding = d
	d.look()
	if d.meta != nil {
		return
	}
	d.w.commands.add(func(ctx context.Context) func() {
		err := d.w.cfg.Engine.Preview(ctx, d.src)
		if err == nil {
			d.w.dial(ctx, d.src.ID)
			return nil
		}
		return func() { d.refused(err) }
	})
}

// refused is called when the engine will not fetch the details.
func (d *addDialog) refused(err error) {
	var duplicate *engine.DuplicateError
	if errors.As(err, &duplicate) {
		d.replace()
		return
	}
	d.waits.SetText("The file list cannot be fetched: " + sentenceOf(err))
}

// replace adds at once instead of asking, because the torrent is there already.
func (d *addDialog) replace() {
	if d.w.sheets.current != d.sheet {
		return
	}
	d.w.adding = nil
	d.w.sheets.close(d.sheet)
	d.w.add(d.src, engine.AddOptions{})
	d.w.sheets.next()
}

// update takes over what a new snapshot knows.
func (d *addDialog) update() {
	if d.w.isListed(d.src.ID) { // added by the dialog before this one, or by a second start
		d.replace()
		return
	}
	if d.meta != nil {
		return
	}
	switch t := d.w.snapshot.Torrent(d.src.ID); {
	case t == nil:
	case t.Meta != nil:
		d.name.SetText(format.Name(t.Meta.Name))
		d.fill(t.Meta)
	default:
		setText(d.waits, view.Sentence(t)+"\n\n"+d.known())
	}
}

// fill shows the files; without meta, that they are waited for.
func (d *addDialog) fill(meta *engine.Meta) {
	d.meta = meta
	if meta == nil {
		d.files.Hide()
		d.sum()
		return
	}
	d.waits.Hide()
	d.files.Show()
	d.tree.SetMeta(meta)
	for file := range d.src.Choice(meta) {
		d.tree.Tree().SetFileChecked(file, false)
	}
	d.sum()
	if d.w.adding == d { // else it looks when it is its turn
		d.look()
	}
}

func (d *addDialog) checkAll(on bool) {
	for i := range d.meta.Files {
		d.tree.Tree().SetFileChecked(i, on)
	}
	d.tree.Refresh()
	d.sum()
}

// sum shows how much is chosen, and whether there is room for it.
func (d *addDialog) sum() {
	if d.meta != nil {
		files, bytes := d.tree.Tree().Wanted()
		text := format.Size(d.meta.Size) + " in " + format.Plural(len(d.meta.Files), "file", "files")
		if files < len(d.meta.Files) {
			text = format.Size(bytes) + " of " + text + " chosen"
		}
		setText(d.size, text)
	}
	d.showRoom()
}

func (d *addDialog) showRoom() {
	text, importance := format.Size(d.free)+" free there", widget.LowImportance
	switch need := d.need(); {
	case d.badDir():
		text, importance = "Name a folder by its whole path", widget.DangerImportance
	case d.free < 0:
		text = "Free space there is not known"
	case need > d.free:
		text, importance = format.Size(need)+" are needed, but only "+format.Size(d.free)+" are free there: "+format.Size(need-d.free)+" are missing", widget.DangerImportance
	}
	if d.room.Text != text || d.room.Importance != importance {
		d.room.Importance = importance
		d.room.SetText(text)
	}
}

// showThere says what becomes of files that are in the folder already.
func (d *addDialog) showThere() {
	d.found.Hidden = d.there == 0
	text := "1 file is there already. It is checked, and used where it is right; it is not changed."
	if d.there > 1 {
		text = format.Plural(d.there, "file", "files") + " are there already. They are checked, and used where they are right; they are not changed."
	}
	d.found.SetText(text)
}

func (d *addDialog) need() int64 {
	if d.meta == nil {
		return 0
	}
	_, bytes := d.tree.Tree().Wanted()
	return bytes
}

func (d *addDialog) folder() string { return expandHome(d.dir.Text) }

// expandHome returns the folder that was typed; "~" stands for the home folder.
func expandHome(text string) string {
	dir := strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(dir, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return dir
}

func (d *addDialog) badDir() bool { return !filepath.IsAbs(d.folder()) }

// look looks up the free space in the folder, and what is there already.
func (d *addDialog) look() {
	d.asks++
	ask, dir, meta := d.asks, d.folder(), d.meta
	d.w.looks.add(func(context.Context) func() {
		free, err := engine.FreeSpace(dir)
		if err != nil {
			free = -1
		}
		there := 0
		if meta != nil && filepath.IsAbs(dir) {
			there, _ = engine.FilesThere(meta, dir) // what is wrong with the folder shows when it is used
		}
		return func() {
			if ask == d.asks {
				d.free, d.there = free, there
				d.showRoom()
				d.showThere()
			}
		}
	})
}

// pickFolder asks for a folder, beginning with one, and puts it into the entry.
func (w *Window) pickFolder(from string, into interface{ SetText(string) }) {
	w.desktop.PickFolder(w.ctx, from, func(path string, err error) {
		switch {
		case err != nil:
			w.say("Cannot choose a folder: " + sentenceOf(err))
		case path != "":
			into.SetText(path)
		}
	})
}

func (d *addDialog) browse() { d.w.pickFolder(d.folder(), d.dir) }

// accept adds the torrent as chosen, and remembers the choices for the next.
func (d *addDialog) accept() {
	d.w.adding = nil
	opts := engine.AddOptions{Dir: d.folder(), Paused: !d.start.Checked}
	if d.meta != nil {
		opts.Priorities = d.skipped()
	}
	d.w.add(d.src, opts)
	s := d.w.snapshot.Settings
	s.Dir, s.AddPaused = opts.Dir, opts.Paused
	s.AskOnAdd = s.AskOnAdd && !d.silent.Checked
	if !s.Equal(d.w.snapshot.Settings) {
		d.w.saveSettings(s)
	}
}

func (d *addDialog) skipped() map[int]engine.Priority {
	skipped := make(map[int]engine.Priority)
	for i := range d.meta.Files {
		if !d.tree.Tree().FileChecked(i) {
			skipped[i] = engine.Skip
		}
	}
	return skipped
}

// leave adds nothing.
func (d *addDialog) leave() {
	d.w.adding = nil
	if d.src.Meta != nil {
		return
	}
	id := d.src.ID
	d.w.command("Leaving", func(ctx context.Context) error { return d.w.cfg.Engine.Discard(ctx, id) })
}
