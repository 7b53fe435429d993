package filetree

import "piecewise/engine"

// growth is a tree while it is built: folders with lists of what is in them.
type growth struct {
	files   []engine.File
	folders []folder // 0 is the top, which is no node
	known   map[spot]int32
}

type folder struct {
	name    string
	folders []int32
	files   []int32
}

// spot names a folder by the one it is in.
type spot struct {
	parent int32
	name   string
}

func newGrowth(files []engine.File) *growth {
	g := &growth{files: files, folders: make([]folder, 1), known: map[spot]int32{}}
	var before []string // folders of the file before, which most files share
	var trail []int32   // their indices
	for i := range files {
		path := files[i].Path
		dirs := path[:max(0, len(path)-1)]
		shared := 0
		for shared < min(len(dirs), len(before)) && dirs[shared] == before[shared] {
			shared++
		}
		trail = trail[:shared]
		for _, name := range dirs[shared:] {
			trail = append(trail, g.folder(parentOf(trail), name))
		}
		before = dirs
		in := &g.folders[parentOf(trail)]
		in.files = append(in.files, int32(i))
	}
	return g
}

// parentOf returns the last folder of a trail, or the top.
func parentOf(trail []int32) int32 {
	if len(trail) == 0 {
		return 0
	}
	return trail[len(trail)-1]
}

// folder returns the folder with a name in another one.
func (g *growth) folder(parent int32, name string) int32 {
	at := spot{parent, name}
	if i, ok := g.known[at]; ok {
		return i
	}
	i := int32(len(g.folders))
	g.known[at] = i
	g.folders = append(g.folders, folder{name: name})
	in := &g.folders[parent]
	in.folders = append(in.folders, i)
	return i
}

// write appends to t what is in folder f, which is node parent of t.
func (g *growth) write(t *Tree, f, parent int32) {
	depth := int32(0)
	if parent >= 0 {
		depth = t.nodes[parent].depth + 1
	}
	for _, sub := range g.folders[f].folders {
		n := int32(len(t.nodes))
		t.nodes = append(t.nodes, node{
			name: g.folders[sub].name, parent: parent, file: -1, depth: depth,
			first: int32(len(g.files)), last: -1, open: depth == 0,
		})
		g.write(t, sub, n)
		t.nodes[n].end = int32(len(t.nodes))
		t.add(parent, &t.nodes[n])
	}
	for _, i := range g.folders[f].files {
		n := int32(len(t.nodes))
		file := &g.files[i]
		t.nodes = append(t.nodes, node{
			name: file.Path[len(file.Path)-1], parent: parent, end: n + 1, file: i, depth: depth,
			files: 1, on: 1, first: i, last: i, size: file.Length, wanted: file.Length,
		})
		t.leaves[i] = n
		t.add(parent, &t.nodes[n])
	}
}

// add counts what is below a node to its parent.
func (t *Tree) add(parent int32, d *node) {
	if parent < 0 {
		return
	}
	p := &t.nodes[parent]
	p.files, p.on = p.files+d.files, p.on+d.on
	p.size, p.wanted = p.size+d.size, p.wanted+d.wanted
	p.first, p.last = min(p.first, d.first), max(p.last, d.last)
}
