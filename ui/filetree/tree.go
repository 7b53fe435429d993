package filetree

import "piecewise/engine"

// Tree is the files of a torrent and their folders. They are nodes, numbered
// from 0 so that all that is below a folder follows it: folders come before
// files, and each in the order of the metainfo. Rows are the nodes that are in
// no closed folder, from the top. At the start all files are checked, and only
// folders that are in no other one are open.
type Tree struct {
	nodes  []node
	leaves []int32 // node of every file
	rows   []int32 // nodes
	nested bool    // there is a folder
}

type node struct {
	name        string
	parent      int32 // -1 at the top
	end         int32 // the first node after it that is not below it
	file        int32 // index of the file; -1 for a folder
	depth       int32
	files, on   int32 // how many are below it or are it, and how many of them are checked
	first, last int32 // lowest and highest index of those files
	size        int64 // bytes of those files
	wanted      int64 // bytes of those that are checked
	open        bool
}

// Check is whether what a node stands for is checked.
type Check uint8

// The states of a check box.
const (
	Off  Check = iota
	Some       // of a folder: some files are, some are not
	On
)

// NewTree returns the tree of files, whose paths have at least one element.
func NewTree(files []engine.File) *Tree {
	g := newGrowth(files)
	t := &Tree{
		nodes:  make([]node, 0, len(files)+len(g.folders)),
		leaves: make([]int32, len(files)),
	}
	g.write(t, 0, -1)
	t.nested = len(g.folders) > 1
	t.list()
	return t
}

// Len returns the number of rows.
func (t *Tree) Len() int { return len(t.rows) }

// Node returns the node in a row, 0 ≤ row < Len.
func (t *Tree) Node(row int) int { return int(t.rows[row]) }

// Name returns the name of a node, as it is in the path.
func (t *Tree) Name(n int) string { return t.nodes[n].name }

// Size returns the bytes of a file, or of all files in a folder.
func (t *Tree) Size(n int) int64 { return t.nodes[n].size }

// Depth returns in how many folders a node is.
func (t *Tree) Depth(n int) int { return int(t.nodes[n].depth) }

// Parent returns the folder in which a node is, or -1.
func (t *Tree) Parent(n int) int { return int(t.nodes[n].parent) }

// Folder reports whether a node is a folder.
func (t *Tree) Folder(n int) bool { return t.nodes[n].file < 0 }

// Files returns the indices of the files in a folder, at any depth, or the one
// of a file.
func (t *Tree) Files(n int) []int {
	out := make([]int, 0, t.nodes[n].files)
	for _, d := range t.nodes[n:t.nodes[n].end] {
		if d.file >= 0 {
			out = append(out, int(d.file))
		}
	}
	return out
}

// Run returns the first index of those files and the one after the last, if they
// follow one another in the torrent.
func (t *Tree) Run(n int) (first, end int, ok bool) {
	d := &t.nodes[n]
	return int(d.first), int(d.last) + 1, d.last-d.first+1 == d.files
}

// IsOpen reports whether a node is a folder that is open.
func (t *Tree) IsOpen(n int) bool { return t.nodes[n].open }

// SetOpen opens or closes a folder. It takes time in proportion to the rows.
func (t *Tree) SetOpen(n int, open bool) {
	if t.Folder(n) && t.nodes[n].open != open {
		t.nodes[n].open = open
		t.list()
	}
}

// SetAllOpen opens or closes all folders.
func (t *Tree) SetAllOpen(open bool) {
	for n := range t.nodes {
		t.nodes[n].open = open && t.Folder(n)
	}
	t.list()
}

// Checked returns whether a file, or all files in a folder, are checked.
func (t *Tree) Checked(n int) Check {
	switch d := &t.nodes[n]; d.on {
	case 0:
		return Off
	case d.files:
		return On
	}
	return Some
}

// SetChecked checks a file or all files in a folder, or takes the checks away.
func (t *Tree) SetChecked(n int, on bool) {
	files, bytes := t.nodes[n].on, t.nodes[n].wanted
	for i := int32(n); i < t.nodes[n].end; i++ {
		d := &t.nodes[i]
		d.on, d.wanted = 0, 0
		if on {
			d.on, d.wanted = d.files, d.size
		}
	}
	files, bytes = t.nodes[n].on-files, t.nodes[n].wanted-bytes
	for p := t.nodes[n].parent; p >= 0; p = t.nodes[p].parent {
		t.nodes[p].on += files
		t.nodes[p].wanted += bytes
	}
}

// Toggle checks what is not entirely checked, and takes the checks away from
// what is.
func (t *Tree) Toggle(n int) { t.SetChecked(n, t.Checked(n) != On) }

// FileChecked reports whether the file with an index is checked.
func (t *Tree) FileChecked(file int) bool { return t.nodes[t.leaves[file]].on > 0 }

// SetFileChecked checks the file with an index, or takes its check away.
func (t *Tree) SetFileChecked(file int, on bool) { t.SetChecked(int(t.leaves[file]), on) }

// Wanted returns the number of files that are checked and their bytes.
func (t *Tree) Wanted() (files int, bytes int64) {
	for n := int32(0); int(n) < len(t.nodes); n = t.nodes[n].end {
		files += int(t.nodes[n].on)
		bytes += t.nodes[n].wanted
	}
	return files, bytes
}

// list writes the rows anew.
func (t *Tree) list() {
	t.rows = t.rows[:0]
	for n := int32(0); int(n) < len(t.nodes); {
		t.rows = append(t.rows, n)
		if d := &t.nodes[n]; d.file < 0 && !d.open {
			n = d.end
		} else {
			n++
		}
	}
}
