package disk

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestCompare(t *testing.T) {
	const second = int64(time.Second)
	file := Stamp{Size: 10, Time: 100*second + 1, Node: 1}
	none := Stamp{Size: -1}
	own := Span{From: 101*second + 1, To: 103 * second}
	at := func(size, time int64, node uint64) Stamp { return Stamp{size, time + 1, node} }
	for name, c := range map[string]struct {
		was, now Stamp
		whole    bool // nothing was to be written
		own      Span
		want     Verdict
	}{
		"nothing happened":                      {was: file, now: file, want: Same},
		"another number of the same file":       {was: file, now: Stamp{file.Size, file.Time, 2}, want: Same},
		"never there":                           {was: none, now: none, own: own, want: Same},
		"removed":                               {was: file, now: none, own: own, want: Edited},
		"changed":                               {was: file, now: at(10, 102*second, 1), want: Edited},
		"changed back in time":                  {was: file, now: at(10, 99*second, 1), own: own, want: Edited},
		"cut":                                   {was: file, now: at(9, 102*second, 1), own: own, want: Edited},
		"replaced":                              {was: file, now: at(10, 102*second, 2), want: Replaced},
		"replaced, the number is not known":     {was: file, now: at(10, 102*second, 0), want: Edited},
		"put there":                             {was: none, now: at(5, 102*second, 2), want: Replaced},
		"written before a crash":                {was: file, now: at(12, 102*second, 1), own: own, want: Written},
		"written right after the stamp":         {was: file, now: at(12, 100*second, 1), own: own, want: Written},
		"made before a crash":                   {was: none, now: at(5, 102*second, 3), own: own, want: Written},
		"made when the clock was not read yet":  {was: none, now: at(5, 101*second-5_000_000, 3), own: own, want: Written},
		"made by FAT":                           {was: none, now: Stamp{5, 100 * second, 3}, own: own, want: Written},
		"whole, changed before a crash":         {was: file, now: at(12, 102*second, 1), whole: true, own: own, want: Edited},
		"changed after a crash":                 {was: file, now: at(12, 103*second, 1), own: own, want: Edited},
		"put there after a crash":               {was: none, now: at(5, 104*second, 1), own: own, want: Replaced},
		"put there after a crash, but older":    {was: none, now: at(5, 50*second, 1), own: own, want: Replaced},
		"replaced after a crash":                {was: file, now: at(12, 104*second, 2), own: own, want: Replaced},
		"whole, replaced by one that is as old": {was: file, now: at(12, 100*second, 2), whole: true, own: own, want: Replaced},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.was.Compare(c.now, !c.whole, c.own); got != c.want {
				t.Errorf("%v, not %v", got, c.want)
			}
		})
	}
}

// recorded downloads some pieces of a torrent and returns what the record of it says.
func recorded(t *testing.T, l Layout, dir string, pieces ...int) Options {
	t.Helper()
	_, stamps, err := Existing(Options{Dir: dir, Layout: l})
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, Options{Dir: dir, Layout: l, Stamps: stamps})
	fetch(t, d, pieces...)
	o := Options{Dir: dir, Layout: l, Have: d.Have()}
	if err := d.Sync(); err != nil {
		t.Fatal(err)
	}
	o.Stamps = d.Stamps()
	return o
}

func fetch(t *testing.T, d *Torrent, pieces ...int) {
	t.Helper()
	data := content(d.layout)
	for _, p := range pieces {
		from := int64(p) * d.layout.PieceLength
		if _, err := write(d, p, data[from:min(from+d.layout.PieceLength, d.layout.Length)], 0); err != nil {
			t.Fatal(err)
		}
		d.Verified(p)
	}
}

// TestChanges changes files behind the back of a torrent, and wants to know which.
func TestChanges(t *testing.T) {
	l := lay(16, "t/a", 40, "t/b", 24, "t/c", 64, "t/e", 0) // b has pieces 2 and 3, c 4 to 7
	later := time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		do       func(t *testing.T, dir string)
		edited   []int
		strange  []int
		suspects []int
	}{
		"nothing":  {do: func(*testing.T, string) {}},
		"read":     {do: func(t *testing.T, dir string) { files(t, dir) }},
		"touched":  {do: func(t *testing.T, dir string) { os.Chtimes(filepath.Join(dir, "t/b"), later, later) }, edited: []int{1}, suspects: []int{2, 3}},
		"cut":      {do: func(t *testing.T, dir string) { os.Truncate(filepath.Join(dir, "t/a"), 39) }, edited: []int{0}, suspects: []int{0, 1, 2}},
		"removed":  {do: func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, "t/b")) }, edited: []int{1}, suspects: []int{2, 3}},
		"put":      {do: func(t *testing.T, dir string) { put(t, filepath.Join(dir, "t/c"), []byte("x")) }, edited: []int{2}, strange: []int{2}, suspects: []int{4, 5, 6, 7}},
		"replaced": {do: replace, edited: []int{0}, strange: []int{0}, suspects: []int{0, 1, 2}},
		"made":     {do: func(t *testing.T, dir string) { put(t, filepath.Join(dir, "t/e"), nil) }},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			o := recorded(t, l, dir, 0, 1, 2, 3)
			c.do(t, dir)
			d := open(t, o)
			got := d.Changes()
			if !slices.Equal(got.Edited, c.edited) || !slices.Equal(got.Strange, c.strange) || len(got.Written)+len(got.Freed) > 0 {
				t.Errorf("changes %+v", got)
			}
			if s := set(got.Suspects); !slices.Equal(s, c.suspects) {
				t.Errorf("pieces %v, not %v", s, c.suspects)
			}
			for _, i := range c.strange { // nobody may write to it
				if d.owner(i) != foreign || slices.Contains(Ours(o), d.full(i)) {
					t.Errorf("file %d was put there and is taken for ours", i)
				}
			}
		})
	}
}

// replace puts another file in the place of t/a.
func replace(t *testing.T, dir string) {
	put(t, filepath.Join(dir, "new"), make([]byte, 40))
	if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "t/a")); err != nil {
		t.Fatal(err)
	}
}

func set(b interface {
	Len() int
	Has(int) bool
},
) (all []int) {
	for i := range b.Len() {
		if b.Has(i) {
			all = append(all, i)
		}
	}
	return all
}

// TestChangesAfterCrash writes after the record, and wants to hash nothing but that.
func TestChangesAfterCrash(t *testing.T) {
	l := lay(1<<16, "t/a", 10<<16, "t/b", 4<<16, "t/c", 2<<16)
	dir := t.TempDir()
	o := recorded(t, l, dir, 3, 14, 15)
	o.Own.From = time.Now().UnixNano()
	before := o
	before.Have = o.Have.Clone()
	d := open(t, before)
	fetch(t, d, 7, 10)
	o.Own.To = time.Now().UnixNano()
	d.Close()

	got := open(t, o).Changes()
	if !slices.Equal(got.Written, []int{0, 1}) || len(got.Edited) > 0 {
		t.Errorf("changes %+v", got)
	}
	want := []int{7, 10} // where there are no holes to be seen, also what is in front
	if s := set(got.Suspects); !slices.Equal(s, want) && !slices.Equal(s, []int{0, 1, 2, 4, 5, 6, 7, 10}) {
		t.Errorf("pieces %v, not %v", s, want)
	}
	o.Own = Span{} // as if it had ended in order: then it was somebody else
	if got := open(t, o).Changes(); !slices.Equal(got.Edited, []int{0, 1}) || !slices.Equal(got.Strange, []int{1}) {
		t.Errorf("changes %+v", got)
	}
}

// TestReplacedAfterCrash has somebody put another file in the place of ours just when we
// may have written to it: it is not ours.
func TestReplacedAfterCrash(t *testing.T) {
	l := lay(1<<16, "t/a", 2<<16, "t/b", 4<<16)
	dir := t.TempDir()
	if !keepsNumbers(dir) {
		t.Skip("files have no lasting numbers here")
	}
	o := recorded(t, l, dir, 3)
	path := filepath.Join(dir, "t", "b")
	o.Own.From = time.Now().UnixNano()
	put(t, path+".new", make([]byte, 4<<16))
	o.Own.To = time.Now().Add(time.Minute).UnixNano()
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if got := open(t, o).Changes(); !slices.Equal(got.Strange, []int{1}) || len(got.Written) > 0 {
		t.Errorf("changes %+v", got)
	}
}

// TestExistingOfOthers recognises a file by its number too: a copy that is as old and as
// large is somebody else's.
func TestExistingOfOthers(t *testing.T) {
	l := lay(1<<16, "t/a", 2<<16, "t/b", 4<<16)
	dir := t.TempDir()
	o := recorded(t, l, dir, 0, 1, 2, 3, 4, 5)
	if there, _, err := Existing(o); err != nil || len(there) > 0 {
		t.Errorf("theirs are %v, %v", there, err)
	}
	path := filepath.Join(dir, "t", "b")
	info, err := os.Stat(path)
	if err != nil || node(info) == 0 {
		t.Skip("files have no numbers here", err)
	}
	put(t, path+".new", make([]byte, 4<<16))
	if err := errors.Join(os.Chtimes(path+".new", info.ModTime(), info.ModTime()), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
	if there, _, err := Existing(o); err != nil || !slices.Equal(there, []int{1}) {
		t.Errorf("theirs are %v, %v", there, err)
	}
}

// TestGone takes away all files, as when a disk is not there.
func TestGone(t *testing.T) {
	l := lay(16, "t/a", 40, "t/b", 24)
	dir := t.TempDir()
	o := recorded(t, l, dir, 0)
	o.Foreign = []int{1}
	os.RemoveAll(filepath.Join(dir, "t"))
	var gone *GoneError
	if _, err := Open(o); !errors.As(err, &gone) || !gone.Empty {
		t.Errorf("without its files it opens: %v", err)
	}
	o.Anyway = true
	if got := open(t, o).Changes(); !slices.Equal(got.Edited, []int{0}) || !slices.Equal(got.Freed, []int{1}) {
		t.Errorf("changes %+v", got)
	}
	o.Anyway = false
	os.RemoveAll(dir)
	if _, err := Open(o); !errors.As(err, &gone) || gone.Empty {
		t.Errorf("without its folder it opens: %v", err)
	}
	o.Anyway = true
	if got := open(t, o).Changes(); len(got.Freed) > 0 {
		t.Errorf("a stranger's file is given up with its disk: %+v", got)
	}
}

// TestFreeze wants the stamps after it to stay.
func TestFreeze(t *testing.T) {
	l := lay(16, "t/a", 40)
	d := open(t, Options{Dir: t.TempDir(), Layout: l})
	fetch(t, d, 0)
	d.Freeze()
	if _, err := write(d, 1, make([]byte, 16), 0); !errors.Is(err, ErrClosed) {
		t.Errorf("write after Freeze: %v", err)
	}
	if err := d.Sync(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(d.Path(0))
	if err != nil || d.Stamps()[0] != stampOf(info) {
		t.Errorf("stamp %+v of %+v, %v", d.Stamps()[0], info, err)
	}
	if _, err := d.ReadAt(make([]byte, 16), 0); err != nil {
		t.Errorf("read after Freeze: %v", err)
	}
}
