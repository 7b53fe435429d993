package filetree

import "slices"

// Entry is a file or a folder of a torrent.
type Entry struct {
	Name   string
	File   int      // index of the file; of a folder that of one file in it
	Folder []string // path of the folder; nil for a file
}

func (t *Tree) entry(n int) Entry {
	d := t.nodes[n]
	e := Entry{Name: d.name, File: int(d.first)}
	if d.file >= 0 {
		return e
	}
	for ; n >= 0; n = t.Parent(n) {
		e.Folder = append(e.Folder, t.nodes[n].name)
	}
	slices.Reverse(e.Folder)
	return e
}

// follow takes over what is open and checked from a tree of the same files under other
// names, and reports whether it is one.
func (t *Tree) follow(old *Tree) bool {
	if len(t.nodes) != len(old.nodes) || len(t.nodes) == 0 {
		return false
	}
	renamed := false
	for n := range t.nodes {
		a, b := &t.nodes[n], &old.nodes[n]
		if a.parent != b.parent || a.file != b.file || a.size != b.size {
			return false
		}
		renamed = renamed || a.name != b.name
	}
	for n := range t.nodes {
		t.nodes[n].open, t.nodes[n].on, t.nodes[n].wanted = old.nodes[n].open, old.nodes[n].on, old.nodes[n].wanted
	}
	t.list()
	return renamed
}
