package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// A file that is not wanted shares its first and its last piece with others that may
// be. What these pieces have of it, its margins, is kept in one hidden file per
// torrent, the spare, so that nothing appears that was not wanted. Where the margins
// of each file lie in it follows from the layout, so there is no index that could be
// wrong; what is not there is a hole.
//
// Whose margins count is no secret either: those of files that are not there. A file
// gets its margins before it gets its name, so as soon as it is there it has all.

const (
	spareSuffix  = ".piecewise"
	fetchSuffix  = ".fetched"
	spareHead    = 4096 // bytes before the first margin
	spareWelcome = "Piecewise keeps in here what it needs of files that were not wanted.\n" +
		"It removes this file by itself when they are there, or with the torrent.\n"
)

// withSpare adds the spare of a torrent as a last file, without bytes of its own.
func (l Layout) withSpare(key string) Layout {
	files := make([]File, 0, len(l.Files)+1)
	l.Files = append(append(files, l.Files...), File{Path: []string{"." + key + spareSuffix}, Offset: l.Length, spare: true})
	return l
}

// spare returns the index of the spare.
func (l Layout) spare() (int, bool) {
	last := len(l.Files) - 1
	return last, last >= 0 && l.Files[last].spare
}

// margins returns how many bytes a file has in its first piece and in its last one,
// unless it has these for itself.
func (l Layout) margins(i int) (head, tail int64) {
	f := l.Files[i]
	if f.Length == 0 || f.Pad {
		return 0, 0
	}
	end := f.Offset + f.Length
	first, last := f.Offset/l.PieceLength, (end-1)/l.PieceLength
	if f.Offset%l.PieceLength != 0 || end < (first+1)*l.PieceLength {
		head = min(f.Length, (first+1)*l.PieceLength-f.Offset)
	}
	if last != first && end%l.PieceLength != 0 {
		tail = end - last*l.PieceLength
	}
	return head, tail
}

// marginsAt returns where in the spare the margins of each file begin.
func (l Layout) marginsAt() []int64 {
	at, end := make([]int64, len(l.Files)), int64(spareHead)
	for i := range l.Files {
		at[i] = end
		head, tail := l.margins(i)
		end += head + tail
	}
	return at
}

// inSpare returns where in the spare a span begins, and how many of its bytes are
// margin from there on.
func (t *Torrent) inSpare(s span) (at, n int64) {
	head, tail := t.layout.margins(s.file)
	n = int64(s.to - s.from)
	switch length := t.layout.Files[s.file].Length; {
	case head+tail == length: // with nothing in between
		return t.marginsAt()[s.file] + s.at, n
	case s.at < head:
		return t.marginsAt()[s.file] + s.at, min(n, head-s.at)
	case s.at >= length-tail:
		return t.marginsAt()[s.file] + head + s.at - (length - tail), n
	}
	return 0, 0
}

// writeSpare writes to the spare what a file that is not wanted has in a piece. It
// returns false if it belongs into the file after all, and done as writePart does.
func (t *Torrent) writeSpare(v vector, s span, wait bool) (done, ok bool, err error) {
	spare, ok := t.layout.spare()
	at, n := t.inSpare(s)
	if !ok || n < int64(s.to-s.from) || t.owner(spare) == foreign {
		return false, false, nil
	}
	h, err := t.acquire(spare, true)
	if errors.As(err, new(*ForeignError)) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.owners[spare] = foreign
		return false, false, nil
	}
	if err != nil {
		return false, true, err
	}
	defer handles.release(h)
	if wait {
		t.sparing.Lock()
	} else if !t.sparing.TryLock() {
		return false, true, nil
	}
	defer t.sparing.Unlock()
	if t.owner(s.file) != nobody { // it was made meanwhile
		return false, false, nil
	}
	done, err = t.writeTo(h, v, span{spare, at, s.from, s.to}, wait)
	return done, true, err
}

// readSpare reads what a file that is not there has in the spare. It returns false if
// the file is there, or nothing of it is there.
func (t *Torrent) readSpare(b []byte, s span) (int, bool, error) {
	spare, _ := t.layout.spare()
	at, n := t.inSpare(s)
	if n == 0 || t.owner(s.file) != nobody || t.owner(spare) != ours {
		return 0, false, nil
	}
	got, err := t.readFile(b[:n], span{spare, at, 0, int(n)})
	if err != nil && t.owner(s.file) != nobody { // it was made meanwhile, and the spare is not needed any more
		return 0, false, nil
	}
	if err == nil && int(n) < len(b) {
		err = refused("read", t.full(s.file), io.ErrUnexpectedEOF)
	}
	return got, true, err
}

// reviewSpare finds out whether there is a spare, and which pieces have lost what it
// had of them.
func (t *Torrent) reviewSpare(found map[int]os.FileInfo) {
	spare, ok := t.layout.spare()
	if !ok {
		return
	}
	size, edited := int64(0), false
	if info := found[spare]; info != nil {
		t.owners[spare] = foreign
		if isSpare(t.place(spare), t.opts.Key) {
			t.owners[spare], size = ours, info.Size()
			t.spares.Store(true)
		}
	}
	if len(t.opts.Stamps) == len(t.layout.Files) {
		verdict := t.opts.Stamps[spare].Compare(t.stamps[spare], true, t.opts.Own)
		edited = verdict != Same && verdict != Written
	}
	for i, f := range t.layout.Files {
		if f.Pad || f.spare || found[i] != nil || t.owners[i] == foreign || !edited && t.holds(i, size) {
			continue
		}
		t.suspect(i)
	}
}

// suspect notes that what verified pieces have of file i may not be there any more.
func (t *Torrent) suspect(i int) {
	lost := false
	first, end := t.layout.pieces(i)
	for p := first; p < end; p++ {
		if t.have.Has(p) {
			t.reviewed.Suspects.Set(p)
			lost = true
		}
	}
	if lost && !slices.Contains(t.reviewed.Edited, i) {
		t.reviewed.Edited = append(t.reviewed.Edited, i)
	}
}

// begin writes what the spare begins with.
func begin(spare *os.File, key string) error {
	_, err := spare.WriteAt([]byte(spareWelcome+key+"\n"), 0)
	return err
}

// isSpare reports whether what is in the place of a spare is one.
func isSpare(at place, key string) bool {
	f, err := openAt(at, os.O_RDONLY)
	if err != nil {
		return false
	}
	defer f.Close()
	want := []byte(spareWelcome + key + "\n")
	got := make([]byte, len(want))
	_, err = io.ReadFull(f, got)
	return err == nil && bytes.Equal(got, want) || errors.Is(err, io.EOF) // it had just been made
}

// holds reports whether a spare of some size has all that the verified pieces have of
// file i.
func (t *Torrent) holds(i int, size int64) bool {
	l, f := t.layout, t.layout.Files[i]
	head, tail := l.margins(i)
	at := t.marginsAt()[i]
	for p := f.Offset / l.PieceLength; p <= (f.Offset+f.Length-1)/l.PieceLength; p++ {
		from, to := max(0, p*l.PieceLength-f.Offset), min(f.Length, (p+1)*l.PieceLength-f.Offset)
		switch {
		case !t.have.Has(int(p)):
		case to <= head && size >= at+to:
		case from >= f.Length-tail && size >= at+head+tail:
		default:
			return false
		}
	}
	return true
}

// fetches reports whether the spare may have something of file i.
func (t *Torrent) fetches(i int) bool {
	head, tail := t.layout.margins(i)
	return head+tail > 0 && t.spares.Load()
}

// fetch makes a file of what the spare has of it. It returns nil if that is nothing.
// t.creating and t.sparing must be held.
func (t *Torrent) fetch(root *os.Root, i int, at place) (*os.File, error) {
	index, _ := t.layout.spare()
	from := t.place(index)
	spare, err := openAt(from, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer spare.Close()
	info, err := spare.Stat()
	if err != nil {
		return nil, refused("look at", from.full(), err)
	}
	if info.Size() <= t.marginsAt()[i] {
		return nil, nil
	}
	t.wrote()
	temp := "." + t.opts.Key + fetchSuffix
	_ = root.Remove(temp) // there is one only after a crash
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, refused("create", filepath.Join(at.dir, temp), err)
	}
	err = t.copyMargins(f, spare, i)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = renameNew(root, temp, at.name, func() {})
	}
	switch {
	case err == nil:
		return openAt(at, os.O_WRONLY)
	case errors.Is(err, fs.ErrExist):
		err = &ForeignError{File: i, Path: at.full(), New: true}
	default:
		err = refused("create", at.full(), err)
	}
	return nil, errors.Join(err, root.Remove(temp))
}

func (t *Torrent) copyMargins(f, spare *os.File, i int) error {
	head, tail := t.layout.margins(i)
	at := t.marginsAt()[i]
	for _, m := range []struct{ from, to, n int64 }{{at, 0, head}, {at + head, t.layout.Files[i].Length - tail, tail}} {
		if _, err := io.Copy(io.NewOffsetWriter(f, m.to), io.NewSectionReader(spare, m.from, m.n)); err != nil {
			return err
		}
	}
	return nil
}

// dropSpare removes the spare if no file needs it any more.
func (t *Torrent) dropSpare() error {
	index, ok := t.layout.spare()
	if !ok || t.owner(index) != ours || t.needSpare() {
		return nil
	}
	if err := t.Sync(); err != nil { // so that the files are there for sure
		return err
	}
	t.creating.Lock()
	defer t.creating.Unlock()
	t.sparing.Lock()
	defer t.sparing.Unlock()
	if t.needSpare() {
		return nil
	}
	at := t.place(index)
	handles.forgetFile(t, index)
	root, err := openRoot(at.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Remove(at.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return refused("remove", at.full(), err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.owners[index], t.stamps[index] = nobody, Stamp{Size: -1}
	t.spares.Store(false)
	delete(t.dirty, index)
	return nil
}

func (t *Torrent) needSpare() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, f := range t.layout.Files {
		if head, tail := t.layout.margins(i); !f.spare && head+tail > 0 && t.owners[i] == nobody {
			return true
		}
	}
	return false
}

// RemoveSpare removes what is kept of files that were not wanted, with a torrent that
// goes. It wants of the options what says where the files are.
func RemoveSpare(o Options) error {
	t, err := newTable(o, o.Dir)
	index, ok := t.layout.spare()
	if err != nil || !ok {
		return err
	}
	at := t.place(index, t.name(index))
	if !isSpare(at, o.Key) {
		return nil
	}
	root, err := openRoot(at.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	_ = root.Remove("." + o.Key + fetchSuffix) // there is one only after a crash
	if err := root.Remove(at.name); err != nil {
		return refused("remove", at.full(), err)
	}
	return nil
}

// SetSkip says which files are not wanted, by their indices, from now on. It touches
// no disk: Finish makes those that are wanted now of what the spare has of them.
func (t *Torrent) SetSkip(files []int) {
	skip := skipped(files, len(t.layout.Files))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.skip = skip
}

// skipped makes a set of files, nil if it is empty.
func skipped(files []int, n int) []bool {
	if len(files) == 0 {
		return nil
	}
	set := make([]bool, n)
	for _, i := range files {
		if i >= 0 && i < n {
			set[i] = true
		}
	}
	return set
}

// checkKey refuses what could not be part of a file's name.
func checkKey(key string) error {
	if !local([]string{"." + key}) || len(key) > 64 {
		return fmt.Errorf("check key: %q", key)
	}
	return nil
}
