package engine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
)

// Errors that a caller decides on.
var (
	ErrNotFound     = errors.New("no such torrent")
	ErrStopped      = errors.New("the engine is stopped")
	ErrProfileInUse = errors.New("another Piecewise is using this profile")
)

// DuplicateError is returned by Add for a torrent that is in the list already.
// Its new trackers were merged.
type DuplicateError struct {
	ID   ID
	Name string
}

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("%q is already in the list", e.Name)
}

// Engine downloads and seeds torrents. Its methods may be called from any
// goroutine while Run runs; each returns once the engine's loop has applied it,
// which takes no disk and no network unless it says so, or with ErrStopped, or with
// ctx's error.
type Engine struct {
	cfg     Config
	cmds    chan func(*state)
	updates chan Update
	stopped chan struct{} // closed when Run has ended
}

// New returns an engine that does nothing before Run.
func New(cfg Config) *Engine {
	return &Engine{
		cfg:     cfg,
		cmds:    make(chan func(*state)),
		updates: make(chan Update),
		stopped: make(chan struct{}),
	}
}

// Updates returns the channel on which Run sends the newest snapshot and the
// events since the last read. It has one reader; a slow one gets merged updates.
// It is closed when Run ends.
func (e *Engine) Updates() <-chan Update { return e.updates }

// do runs f in the engine's loop and returns f's error.
func (e *Engine) do(ctx context.Context, f func(*state) error) error {
	result := make(chan error, 1)
	select {
	case e.cmds <- func(s *state) { result <- f(s) }:
		return <-result
	case <-e.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// AddOptions are the choices of the add dialog.
type AddOptions struct {
	Dir        string           // where its files go; "" for Settings.Dir
	Paused     bool             // do not start it
	Priorities map[int]Priority // by file index; a file that is not named is Normal
	Peers      []netip.AddrPort // peers to dial at once
	Options    *Options         // nil is DefaultOptions
	Continue   bool             // go on in files that are there already, as Engine.Continue does
}

// Add puts a torrent in the list and starts it, unless opts says Paused. A
// preview of the same torrent is kept and becomes the torrent. If the torrent is
// there already, its new trackers are merged and the error is a *DuplicateError.
func (e *Engine) Add(ctx context.Context, src *Source, opts AddOptions) (ID, error) {
	return src.ID, e.do(ctx, func(s *state) error { return s.add(src, opts) })
}

// Preview begins to fetch the metadata of a magnet, without files and without
// an entry in the list: the snapshot has a row with Preview set, which gets its
// Meta once a peer has sent it. Add keeps it, Discard ends it. A torrent that is
// in the list gives a *DuplicateError.
func (e *Engine) Preview(ctx context.Context, src *Source) error {
	return e.do(ctx, func(s *state) error { return s.preview(src) })
}

// Discard ends a preview; without one it does nothing.
func (e *Engine) Discard(ctx context.Context, id ID) error {
	return e.do(ctx, func(s *state) error { return s.discard(id) })
}

// Pause stops a torrent: no peers, no announces, until Resume.
func (e *Engine) Pause(ctx context.Context, id ID) error {
	return e.do(ctx, func(s *state) error { return s.pause(id) })
}

// Resume starts a torrent that was paused or has stopped by itself.
func (e *Engine) Resume(ctx context.Context, id ID) error {
	return e.do(ctx, func(s *state) error { return s.resume(id) })
}

// Continue has a torrent go on in files that were there before it was added and are not
// complete: with that the user agrees that they are ours from now on. What is right in
// them stays, what is missing is written into them, and none is cut short. Without it
// files of others are never written, see Torrent.InTheWay. It fails if there are none. A
// file that has other names as well (hard links), or that another program has just
// written to, stays what it is, and the torrent says so.
func (e *Engine) Continue(ctx context.Context, id ID) error {
	return e.withMeta(ctx, id, func(s *state, t *torrent) error { return s.goOnIn(t) })
}

// Remove takes a torrent from the list. With files, the files that Removal lists
// go to the trash afterwards; an event tells if that fails. Files that were there
// before the torrent was added are never touched.
func (e *Engine) Remove(ctx context.Context, id ID, files bool) error {
	return e.do(ctx, func(s *state) error { return s.remove(id, files) })
}

// Removal lists the full paths of the files on disk that Remove would put in the
// trash, in the order of the torrent. It looks at the disk and may take a while.
func (e *Engine) Removal(ctx context.Context, id ID) ([]string, error) {
	return e.removal(ctx, id)
}

// Recheck hashes all of a torrent's data on disk and believes only what is right.
func (e *Engine) Recheck(ctx context.Context, id ID) error {
	return e.do(ctx, func(s *state) error { return s.recheck(id) })
}

// Move has the files of torrents go to another folder, given by its full path, when
// their turn comes: moves of one disk are done one after another, names on one disk are
// changed at once. Downloads and uploads go on. The row has a Move until it is done; an
// event tells if it fails, and then the files are where they were. Files that were there
// before their torrent are copied and stay. Where something else has a file's place in
// the new folder nothing is moved.
func (e *Engine) Move(ctx context.Context, ids []ID, dir string) error {
	return e.do(ctx, func(s *state) error {
		var errs []error
		for _, id := range ids {
			errs = append(errs, s.move(id, dir))
		}
		return errors.Join(errs...)
	})
}

// CancelMove ends the move of a torrent, if it has not happened yet; what was copied is
// removed.
func (e *Engine) CancelMove(ctx context.Context, id ID) error {
	return e.do(ctx, func(s *state) error { return s.cancelMove(id) })
}

// Rename gives a torrent another name in the list, "" the one of its metainfo. Its files
// keep theirs.
func (e *Engine) Rename(ctx context.Context, id ID, title string) error {
	return e.do(ctx, func(s *state) error { return s.rename(id, title) })
}

// RenameFile gives one of a torrent's files, by its index, another name. The name is
// made safe, or refused if another file has it. An event tells if it fails on the disk.
func (e *Engine) RenameFile(ctx context.Context, id ID, file int, name string) error {
	return e.renameFiles(ctx, id, renameFile(file, name))
}

// RenameFolder does so for a folder, given as its path in Meta.Files.
func (e *Engine) RenameFolder(ctx context.Context, id ID, folder []string, name string) error {
	return e.renameFiles(ctx, id, renameFolder(folder, name))
}

// SetPriority sets the priority of some of a torrent's files, by index. It waits
// until the torrent's metainfo is read.
func (e *Engine) SetPriority(ctx context.Context, id ID, files []int, p Priority) error {
	return e.withMeta(ctx, id, func(s *state, t *torrent) error { return s.setPriority(t, files, p) })
}

// AddPeers dials peers by hand.
func (e *Engine) AddPeers(ctx context.Context, id ID, peers []netip.AddrPort) error {
	return e.do(ctx, func(s *state) error { return s.addPeers(id, peers) })
}

// Announce asks all trackers of a torrent for peers now.
func (e *Engine) Announce(ctx context.Context, id ID) error {
	return e.do(ctx, func(s *state) error { return s.announceNow(id, "") })
}

// Magnet returns the magnet link of a torrent with its trackers.
func (e *Engine) Magnet(ctx context.Context, id ID) (string, error) {
	var link string
	err := e.do(ctx, func(s *state) (err error) {
		link, err = s.magnet(id)
		return err
	})
	return link, err
}

// Metainfo returns a torrent as a .torrent file has it, with its trackers of now. It
// reads the profile, and fails while the metadata is not known.
func (e *Engine) Metainfo(ctx context.Context, id ID) ([]byte, error) { return e.metainfo(ctx, id) }

// SaveTorrent writes a torrent's .torrent file, as Metainfo returns it, into a folder and
// returns its path. It replaces nothing that is there. It writes to the disk.
func (e *Engine) SaveTorrent(ctx context.Context, id ID, dir string) (path string, err error) {
	return e.saveTorrent(ctx, id, dir)
}

// Watch makes the snapshots carry a Detail of the torrent; the zero ID ends it.
func (e *Engine) Watch(ctx context.Context, id ID) error {
	return e.do(ctx, func(s *state) error { return s.watch(id) })
}

// SetSettings replaces the settings and saves them; they hold at once, for running
// torrents and connected peers as well. An empty Dir keeps the old one, and what is
// out of range is brought into it. What Config put in the place of a saved setting
// is not saved while it keeps its value.
func (e *Engine) SetSettings(ctx context.Context, v Settings) error {
	return e.do(ctx, func(s *state) error { return s.setSettings(v) })
}

// Turtle turns the alternative limits on or off by hand: until the timetable changes
// next, or for good if it never does, also after a restart.
func (e *Engine) Turtle(ctx context.Context, on bool) error {
	return e.do(ctx, func(s *state) error { return s.chooseTurtle(on) })
}

// SetOptions replaces a torrent's options and saves them; they hold at once. What is
// out of range is brought into it.
func (e *Engine) SetOptions(ctx context.Context, id ID, o Options) error {
	return e.do(ctx, func(s *state) error { return s.setOptions(id, o) })
}

// SetPeerLimit limits the peer with an address, whenever it is connected, until the
// engine stops; NoLimits ends that. Limits of 0 do not end the connection: nothing
// is asked of the peer or sent to it.
func (e *Engine) SetPeerLimit(ctx context.Context, id ID, addr netip.AddrPort, l Limits) error {
	return e.do(ctx, func(s *state) error { return s.setPeerLimit(id, addr, l) })
}
