package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"piecewise/engine/internal/plane"
)

// Options is what a Torrent is opened with.
type Options struct {
	Dir     string     // save folder; made at the first write if it is not there
	Layout  Layout     // kept, not copied
	Have    plane.Bits // verified pieces; copied; the zero value is none
	Foreign []int      // indices of files that were there before the torrent was added

	// Names are the slash paths below Dir of files that are not where the layout has
	// them, by index, as Torrent.Names tells them. Not changed.
	Names map[int]string

	// Moving is the folder that a move was going to when the program ended, or "", and
	// MovingKey what it was called with: files that are not below Dir may be there.
	Moving, MovingKey string

	// Key tells the torrent from others. With it, what pieces have of files that are
	// not wanted goes into a hidden file in Dir that is named after it, and that is
	// looked for. "" is for who only reads files.
	Key  string
	Skip []int // indices of files that are not wanted, see SetSkip

	Policy Policy // see SetPolicy

	// Disk is where the file system of Dir began when the torrent's files were seen
	// last, as Torrent.Disk tells; "" if unknown. If it begins elsewhere now, they are
	// gone: what is seen is the empty mount point of a disk that was taken away.
	Disk string

	// Stamps are those of the files as they were recorded with Have, nil if they are
	// not known; Own is when we may have written to them since. See Torrent.Changes.
	Stamps []Stamp
	Own    Span
	Anyway bool // also if recorded files or pieces are not there

	// OnWrite is told of every write, before and after it. It must return at once, and
	// may be nil.
	OnWrite func()

	// OnError is told of the first read, write or Sync that failed since Open or
	// Forgive. It may be nil.
	OnError func(error)

	// Refuse stands in for a system that fails, in tests: it is asked before a file is
	// opened, read, written or synced, and its error is taken for the
	// system's. It may be nil.
	Refuse func(op, path string) error
}

// Torrent is the files of one torrent. Its methods may be called from any
// goroutine.
type Torrent struct {
	layout Layout
	opts   Options

	closed atomic.Bool
	failed atomic.Bool // OnError was told

	undrained atomic.Int64 // bytes written since the last Drain

	marginsAt func() []int64 // of the layout

	moving  sync.Mutex               // one move at a time
	gate    sync.RWMutex             // held by who writes to files, and by a move while it switches over; before creating and mu
	copying atomic.Pointer[rewrites] // of a move that copies files; nil without one

	syncing  sync.Mutex // one Sync at a time, so that each waits for what the one before has begun
	frozen   bool       // guarded by gate
	reviewed Changes    // as Open found them

	spares   atomic.Bool            // there is a spare
	sparing  sync.Mutex             // held while bytes go to or from the spare; after creating, before mu
	creating sync.Mutex             // one file is created at a time
	seen     map[string]os.FileInfo // guarded by creating: folders that files are below, as they were first; if one is gone, so is its disk

	mu      sync.Mutex // guards what follows; never held while touching the disk
	table   table
	placed  uint64 // counts changes of names
	policy  Policy
	stuck   map[int]bool // complete files that did not get their names
	have    plane.Bits
	owners  []owner         // per file
	stamps  []Stamp         // per file, see Stamps
	skip    []bool          // per file: not wanted; never changed in place
	dirty   map[int]bool    // files written since the last Sync
	fresh   map[int]bool    // since the last Drain
	folders map[string]bool // full paths of folders that got a new entry since
	disk    string          // where the file system of the save folder begins
	unsafe  error           // of a Sync; what was written before it may be lost
}

// owner is whose file it is.
type owner uint8

const (
	nobody owner = iota // not there yet
	ours
	foreign
)

// Open looks at the files that are there and creates nothing. It fails if the
// layout is not sound, if something other than a file stands in a file's place,
// with a *GoneError if the folder is on another disk than Options.Disk or no file is
// left of those in Options.Stamps, or with a *MissingError if verified pieces cannot
// be there. What another program has put since in the place of one of our files is
// not ours.
func Open(o Options) (*Torrent, error) {
	if err := o.Layout.check(); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("find save folder: %w", err)
	}
	names, err := newTable(o, dir)
	if err != nil {
		return nil, err
	}
	t := &Torrent{
		layout: names.layout, opts: o, table: names, policy: o.Policy, stuck: make(map[int]bool),
		have:    plane.MakeBits(o.Layout.Pieces),
		owners:  make([]owner, len(names.layout.Files)),
		skip:    skipped(o.Skip, len(names.layout.Files)),
		dirty:   make(map[int]bool),
		fresh:   make(map[int]bool),
		folders: make(map[string]bool),
		seen:    make(map[string]os.FileInfo),
	}
	t.marginsAt = sync.OnceValue(t.layout.marginsAt)
	for i := range o.Layout.Pieces {
		if o.Have.Has(i) {
			t.have.Set(i)
		}
	}
	for _, i := range o.Foreign {
		if i >= 0 && i < len(o.Layout.Files) {
			t.owners[i] = foreign
		}
	}
	if err := t.survey(); err != nil {
		return nil, err
	}
	if o.Disk != "" && t.disk != "" && t.disk != o.Disk {
		return nil, &GoneError{Dir: t.table.dir}
	}
	return t, nil
}

// survey finds out which files are there and long enough.
func (t *Torrent) survey() error {
	sizes, err := find(&t.table, nil)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		t.see(t.table.dir)
	}
	if o := t.opts; o.Moving != "" && (holding{o.Moving, o.MovingKey}).begun() {
		if sizes, err = t.table.follow(sizes, t.opts.Moving); err != nil {
			return err
		}
	}
	if gone(t.opts.Stamps, sizes) && !t.opts.Anyway {
		return &GoneError{t.table.dir, t.seen[t.table.dir] != nil}
	}
	t.review(sizes)
	t.reviewSpare(sizes)
	for i, f := range t.layout.Files {
		if f.Pad || f.spare {
			continue
		}
		size := int64(-1)
		if info := sizes[i]; info != nil {
			size = info.Size()
			if !info.Mode().IsRegular() && t.owners[i] != foreign {
				return fmt.Errorf("%s is not a file", t.full(i))
			}
			if t.owners[i] == nobody {
				t.owners[i] = ours
			}
		}
		if need := t.layout.needed(i, t.have.Has); need > 0 && size < need && t.mustBe(i, size) {
			return &MissingError{i, t.full(i)}
		}
	}
	return nil
}

// mustBe reports whether a file that is too short, or not there, ought to have been
// found long enough. Of one that is not there reviewSpare has looked.
func (t *Torrent) mustBe(i int, size int64) bool {
	return (size >= 0 || t.opts.Key == "") && !t.opts.Anyway && !slices.Contains(t.reviewed.Edited, i)
}

// find returns what is at the place of each file but the known ones, by index. A file
// that is not there but under the name that it has with the suffix, or without, is
// called that from now on. It fails with fs.ErrNotExist if the save folder is not there.
func find(t *table, known map[int]os.FileInfo) (map[int]os.FileInfo, error) {
	root, err := openRoot(t.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	found := make(map[int]os.FileInfo)
	for i, f := range t.layout.Files {
		if f.Pad || known[i] != nil {
			continue
		}
		n := t.name(i)
		for _, called := range []name{n, {n.base, !n.part}} {
			at := t.place(i, called)
			info, err := root.Lstat(at.name)
			if err == nil {
				found[i] = info
				t.call(i, called)
				break
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return nil, refused("look at", at.full(), err)
			}
		}
	}
	return found, nil
}

func openRoot(dir string) (*os.Root, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, refused("open folder", dir, err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("the save folder %s is not a folder", dir)
	}
	return os.OpenRoot(dir)
}

// Have returns a copy of the set of verified pieces.
func (t *Torrent) Have() plane.Bits {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.have.Clone()
}

// Disk returns the folder at which the file system of the save folder begins, ""
// while that is not there or cannot be told.
func (t *Torrent) Disk() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.disk
}

// Forgive has the next error told to OnError again, after what was wrong was put
// right. Files are opened anew.
func (t *Torrent) Forgive() {
	handles.forget(t)
	t.failed.Store(false)
}

// Freeze has later writes fail with ErrClosed and returns once those under way have
// ended, so that the stamps after the next Sync are the last ones. Reads go on.
func (t *Torrent) Freeze() {
	t.gate.Lock()
	t.frozen = true
	t.gate.Unlock()
}

// Thaw ends what Freeze did.
func (t *Torrent) Thaw() {
	t.gate.Lock()
	t.frozen = false
	t.gate.Unlock()
}

// Close closes the torrent's handles; those in use close when their user is
// done. It does not Sync. Later reads and writes fail with ErrClosed.
func (t *Torrent) Close() error {
	t.closed.Store(true)
	handles.forget(t)
	return nil
}
