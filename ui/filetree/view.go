package filetree

import (
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/piecemap"
	"piecewise/ui/table"
)

// Format is how a View writes what it shows. A nil function writes names as they
// are, and sizes in bytes.
type Format struct {
	Name func(string) string // makes a name from outside safe to show
	Size func(bytes int64) string
}

// Progress is what of a torrent's files changes. Slices may be nil while they are
// not known, and are read, not kept beyond the next Progress.
type Progress struct {
	Pieces     *engine.Pieces
	Recent     *piecemap.Recent
	Done       []int64 // verified bytes of every file
	Priorities []engine.Priority
}

// View is a widget that shows the files of one torrent. Callbacks are set before
// it is shown and may be nil.
type View struct {
	widget.BaseWidget

	OnChange   func()                              // check boxes changed, see Tree
	OnMenu     func(files []int, at fyne.Position) // a menu is asked for the selected files, or for those in the selected folders
	OnActivate func(file int)                      // double click or Enter on a file
	OnRename   func(Entry)                         // F2 on a file or folder
	OnTypedKey func(ev *fyne.KeyEvent)             // a key for which the view has no use
	OnColumns  func()                              // columns were sized, moved, hidden or shown

	format Format
	picks  bool
	meta   *engine.Meta
	tree   *Tree
	rows   *table.Table[int]
	now    Progress
	done   []int64 // verified bytes of all files whose nodes come before a node
}

// Columns of a View.
const (
	colName = iota
	colSize
	colBar
	colDone
	colPriority
)

var allColumns = []table.Column{
	colName:     {ID: "name", Title: "Name", Width: 200, Min: 80, Grow: true},
	colSize:     {ID: "size", Title: "Size", Width: 80, Align: fyne.TextAlignTrailing},
	colBar:      {ID: "pieces", Title: "Pieces", Width: 180, Kind: table.Bar},
	colDone:     {ID: "done", Title: "Done", Width: 64, Align: fyne.TextAlignTrailing},
	colPriority: {ID: "priority", Title: "Priority", Width: 80},
}

// NewPicker returns a view with a check box for every file and folder, and their
// sizes.
func NewPicker(f Format) *View { return newView(f, true) }

// NewView returns a view with the size, progress and priority of every file and
// folder.
func NewView(f Format) *View { return newView(f, false) }

func newView(f Format, picks bool) *View {
	if f.Name == nil {
		f.Name = func(name string) string { return name }
	}
	if f.Size == nil {
		f.Size = func(bytes int64) string { return strconv.FormatInt(bytes, 10) }
	}
	v := &View{format: f, picks: picks, tree: NewTree(nil)}
	cols := allColumns
	if picks {
		cols = allColumns[:colSize+1]
	}
	v.rows = table.New(cols, model{v})
	v.rows.OnFold = v.fold
	v.rows.OnCheck = v.check
	v.rows.OnActivate = v.activate
	v.rows.OnTypedKey = v.typed
	v.rows.OnMenu = func(_ int, at fyne.Position) {
		if v.OnMenu != nil {
			v.OnMenu(v.Selected(), at)
		}
	}
	v.rows.OnColumns = func() {
		if v.OnColumns != nil {
			v.OnColumns()
		}
	}
	v.ExtendBaseWidget(v)
	return v
}

// CreateRenderer returns the renderer of the view.
func (v *View) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(v.rows) }

// SetMeta shows the files of a torrent, all checked; nil shows none. The same
// pointer as before changes nothing; the same files with other names stay as they are.
func (v *View) SetMeta(m *engine.Meta) {
	if m == v.meta {
		return
	}
	v.meta, v.now = m, Progress{}
	var files []engine.File
	if m != nil {
		files = m.Files
	}
	old := v.tree
	v.tree = NewTree(files)
	same := v.tree.follow(old)
	v.count()
	if !same {
		v.rows.Select()
	}
	v.rows.Refresh()
}

// SetProgress shows how far the files are.
func (v *View) SetProgress(p Progress) {
	v.now = p
	v.count()
	v.rows.Refresh()
}

// Tree returns the tree that is shown. After it was changed, call Refresh.
func (v *View) Tree() *Tree { return v.tree }

// Refresh shows what changed in the tree.
func (v *View) Refresh() { v.rows.Refresh() }

// Selected returns the indices of the selected files and of those in selected
// folders, each once and in order.
func (v *View) Selected() []int {
	var files []int
	below := 0
	for _, n := range v.rows.Selected() {
		if n >= below { // else it is in a folder that was counted
			files = append(files, v.tree.Files(n)...)
			below = int(v.tree.nodes[n].end)
		}
	}
	slices.Sort(files)
	return files
}

// Current returns the file or folder at which the keyboard is.
func (v *View) Current() (e Entry, ok bool) {
	n, ok := v.rows.Cursor()
	if !ok {
		return Entry{}, false
	}
	return v.tree.entry(n), true
}

// State returns what the user made of the columns.
func (v *View) State() table.State { return v.rows.State() }

// Restore applies a stored state of the columns.
func (v *View) Restore(s table.State) { v.rows.Restore(s) }

// Focus gives the view the keyboard.
func (v *View) Focus() { v.rows.Focus() }

// count sums up the verified bytes, so that those of a folder are a difference.
func (v *View) count() {
	v.done = slices.Grow(v.done[:0], len(v.tree.nodes)+1)[:len(v.tree.nodes)+1]
	sum := int64(0)
	for n := range v.tree.nodes {
		v.done[n] = sum
		if f := int(v.tree.nodes[n].file); f >= 0 && f < len(v.now.Done) {
			sum += v.now.Done[f]
		}
	}
	v.done[len(v.tree.nodes)] = sum
}

func (v *View) fold(n int) {
	v.tree.SetOpen(n, !v.tree.IsOpen(n))
	v.rows.Refresh()
}

func (v *View) check(n int) {
	v.tree.Toggle(n)
	v.changed()
}

func (v *View) changed() {
	v.rows.Refresh()
	if v.OnChange != nil {
		v.OnChange()
	}
}

func (v *View) activate(n int) {
	if v.tree.Folder(n) {
		v.fold(n)
	} else if v.OnActivate != nil {
		v.OnActivate(int(v.tree.nodes[n].file))
	}
}

// typed opens, closes and checks by keyboard.
func (v *View) typed(ev *fyne.KeyEvent) {
	n, ok := v.rows.Cursor()
	switch {
	case ok && ev.Name == fyne.KeyRight:
		v.goIn(n)
	case ok && ev.Name == fyne.KeyLeft:
		v.goOut(n)
	case ok && ev.Name == fyne.KeySpace && v.picks:
		on := v.tree.Checked(n) != On
		for _, s := range v.rows.Selected() {
			v.tree.SetChecked(s, on)
		}
		v.changed()
	case ok && ev.Name == fyne.KeyF2 && v.OnRename != nil:
		v.OnRename(v.tree.entry(n))
	case v.OnTypedKey != nil:
		v.OnTypedKey(ev)
	}
}

// goIn opens a folder, or goes to what is first in it if it is open.
func (v *View) goIn(n int) {
	if !v.tree.Folder(n) {
		return
	}
	if v.tree.IsOpen(n) {
		v.goTo(n + 1)
		return
	}
	v.fold(n)
}

// goOut closes a folder, or goes to the one that the node is in.
func (v *View) goOut(n int) {
	if v.tree.IsOpen(n) {
		v.fold(n)
	} else if p := v.tree.Parent(n); p >= 0 {
		v.goTo(p)
	}
}

func (v *View) goTo(n int) {
	v.rows.Select(n)
	v.rows.ScrollTo(n)
}
