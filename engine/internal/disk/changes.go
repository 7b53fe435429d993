package disk

import (
	"os"

	"piecewise/engine/internal/plane"
)

// Changes says what became of a torrent's files since they were recorded, by their
// indices.
type Changes struct {
	Edited  []int // another program has changed them, taken them away or put others there
	Strange []int // those of Edited that are not ours any more, so they are foreign
	Written []int // we wrote to them after the last record before a crash
	Freed   []int // foreign files that are gone, so that ours may take their places

	// Suspects are the pieces to hash before they are believed: of changed files all,
	// of those that we wrote to what was not recorded and has bytes on the disk.
	Suspects plane.Bits
}

// Any reports whether pieces must be hashed.
func (c *Changes) Any() bool { return len(c.Edited)+len(c.Written) > 0 }

// Changes returns what Open has found. It shares no memory that changes.
func (t *Torrent) Changes() Changes { return t.reviewed }

// Stamps returns the stamps of all files as they were at Open or, if they were
// written since, before the last Sync: those of pad files say that there is none.
// The slice is the caller's.
func (t *Torrent) Stamps() []Stamp {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Stamp(nil), t.stamps...)
}

// review finds out what became of the files since they were recorded, and whose they
// are.
func (t *Torrent) review(now map[int]os.FileInfo) {
	t.stamps = make([]Stamp, len(t.layout.Files))
	t.reviewed.Suspects = plane.MakeBits(t.layout.Pieces)
	for i, f := range t.layout.Files {
		t.stamps[i] = Stamp{Size: -1}
		if f.Pad {
			continue
		}
		t.stamps[i] = stampOf(now[i])
		if t.owners[i] == foreign && now[i] == nil && t.seen[t.table.dir] != nil {
			t.owners[i] = nobody
			t.reviewed.Freed = append(t.reviewed.Freed, i)
		}
		if len(t.opts.Stamps) == len(t.layout.Files) && !f.spare {
			t.judge(i, t.owners[i] != foreign && t.unfinished(i))
		}
	}
}

// judge compares one file with its record.
func (t *Torrent) judge(i int, unfinished bool) {
	was, now := t.opts.Stamps[i], t.stamps[i]
	if t.layout.Files[i].Length == 0 && was.Size <= 0 && now.Size <= 0 {
		return // we make it without a record, for there is nothing to lose
	}
	verdict := was.Compare(now, unfinished, t.opts.Own)
	if verdict == Written && t.opts.Moving == "" && was.other(now) && keepsNumbers(t.full(i)) {
		verdict = Replaced // just then; a move makes other files of ours
	}
	first, end := t.layout.pieces(i)
	switch verdict {
	case Same:
		return
	case Written:
		t.reviewed.Written = append(t.reviewed.Written, i)
		blank := t.blank(i)
		for p := first; p < end; p++ {
			if !t.have.Has(p) && !blank(p) {
				t.reviewed.Suspects.Set(p)
			}
		}
		return
	case Replaced:
		t.reviewed.Strange = append(t.reviewed.Strange, i)
		t.owners[i] = foreign
	}
	t.reviewed.Edited = append(t.reviewed.Edited, i)
	for p := first; p < end; p++ {
		t.reviewed.Suspects.Set(p)
	}
}

// unfinished reports whether there was something to write to file i.
func (t *Torrent) unfinished(i int) bool {
	first, end := t.layout.pieces(i)
	for p := first; p < end; p++ {
		if !t.have.Has(p) {
			return true
		}
	}
	return false
}

// blank returns a function that says of which pieces file i surely holds nothing. A
// file that cannot be looked at may hold anything.
func (t *Torrent) blank(i int) func(piece int) bool {
	f, err := openAt(t.place(i), os.O_RDONLY)
	if err != nil {
		return func(int) bool { return false }
	}
	defer f.Close()
	parts := extents(f)
	l := t.layout
	return func(p int) bool {
		from := int64(p)*l.PieceLength - l.Files[i].Offset
		for _, e := range parts {
			if e.from < from+l.PieceLength && from < e.to {
				return false
			}
		}
		return true
	}
}

// extent is a range of bytes of a file.
type extent struct{ from, to int64 }

// whole is all of a file, of which nothing better is known.
func whole(f *os.File) []extent {
	info, err := f.Stat()
	if err != nil {
		return []extent{{0, 1<<63 - 1}}
	}
	return []extent{{0, info.Size()}}
}

// pieces returns the first piece of file i and the one after its last.
func (l Layout) pieces(i int) (first, end int) {
	f := l.Files[i]
	first = int(f.Offset / l.PieceLength)
	if f.Length == 0 {
		return first, first
	}
	return first, int((f.Offset+f.Length-1)/l.PieceLength) + 1
}

// gone reports whether nothing is left of what was there: then its disk may have been
// taken away, and its record must not be given up.
func gone(was []Stamp, now map[int]os.FileInfo) bool {
	for _, s := range was {
		if s.Size >= 0 {
			return len(now) == 0
		}
	}
	return false
}
