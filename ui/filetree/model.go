package filetree

import (
	"strconv"

	"piecewise/engine"
	"piecewise/ui/piecemap"
	"piecewise/ui/table"
)

// model is a View as its table sees it; keys are nodes.
type model struct{ v *View }

func (m model) Len() int        { return m.v.tree.Len() }
func (m model) Key(row int) int { return m.v.tree.Node(row) }

func (m model) Text(row, col int) string {
	t, n := m.v.tree, m.v.tree.Node(row)
	switch col {
	case colName:
		return m.v.format.Name(t.Name(n))
	case colSize:
		return m.v.format.Size(t.Size(n))
	case colDone:
		return percent(m.v.done[t.nodes[n].end]-m.v.done[n], t.Size(n))
	case colPriority:
		return m.v.priority(n)
	}
	return ""
}

func (m model) Tone(row, _ int) table.Tone {
	n := m.v.tree.Node(row)
	if m.v.picks && m.v.tree.Checked(n) == Off || !m.v.picks && m.v.priority(n) == wordSkip {
		return table.Dim
	}
	return table.Plain
}

// Strip returns the pieces of a file, or of a folder whose files follow one
// another in the torrent.
func (m model) Strip(row, _ int) piecemap.Strip {
	v := m.v
	from, to, ok := v.tree.Run(v.tree.Node(row))
	if v.now.Pieces == nil || !ok {
		return piecemap.Strip{}
	}
	begin := v.meta.Files[from].Offset
	last := &v.meta.Files[to-1] // may be empty, so its own pieces do not tell the end
	stop := last.Offset + last.Length
	if stop <= begin {
		return piecemap.Strip{}
	}
	first, end := int(begin/v.meta.PieceLength), int((stop-1)/v.meta.PieceLength)+1
	return piecemap.Strip{
		Source: piecemap.Part{Of: v.now.Pieces, First: first, End: end},
		Recent: v.now.Recent,
	}
}

// Lead returns what stands before the name in a row.
func (m model) Lead(row int) table.Lead {
	t, n := m.v.tree, m.v.tree.Node(row)
	lead := table.Lead{Depth: t.Depth(n)}
	switch {
	case !t.nested:
	case t.IsOpen(n):
		lead.Fold = table.Open
	case t.Folder(n):
		lead.Fold = table.Closed
	default:
		lead.Fold = table.Leaf
	}
	if m.v.picks {
		lead.Check = [...]table.Check{Off: table.Off, Some: table.Some, On: table.On}[t.Checked(n)]
	}
	return lead
}

// The words for priorities.
const (
	wordSkip   = "Skip"
	wordNormal = "Normal"
	wordHigh   = "High"
	wordMixed  = "Mixed"
)

// priority returns the word for the priority of a file, or of all in a folder.
func (v *View) priority(n int) string {
	word := ""
	for _, d := range v.tree.nodes[n:v.tree.nodes[n].end] {
		if d.file < 0 {
			continue
		}
		switch w := v.priorityOf(int(d.file)); word {
		case "", w:
			word = w
		default:
			return wordMixed
		}
	}
	return word
}

func (v *View) priorityOf(file int) string {
	if file >= len(v.now.Priorities) {
		return wordNormal
	}
	switch v.now.Priorities[file] {
	case engine.Skip:
		return wordSkip
	case engine.High:
		return wordHigh
	}
	return wordNormal
}

// percent returns how much of size is done, rounded down so that 100 % is all.
func percent(done, size int64) string {
	if size <= 0 || done >= size {
		return "100 %"
	}
	return strconv.Itoa(int(float64(max(done, 0))/float64(size)*100)) + " %"
}
