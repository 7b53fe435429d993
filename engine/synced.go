package engine

import (
	"context"
	"errors"
	"maps"
	"time"

	"piecewise/engine/internal/disk"
)

// syncPatience is how long a record waits for its disk while other disks have been
// synced.
const syncPatience = saveEvery

// synced is what of a torrent is on its disk.
type synced struct {
	have Bits
	at   time.Time // nothing that was written since need be
	err  error
}

// syncOf syncs a torrent's files and gives those that are complete their names.
func syncOf(d *disk.Torrent) synced {
	now := synced{have: d.Have(), at: time.Now()}
	if err := d.Sync(); err != nil && !errors.Is(err, disk.ErrClosed) {
		now.err = err
		return now
	}
	_ = d.Complete(now.have) // what it cannot do is said when all is there
	return now
}

// syncer syncs all disks at once, so that a slow one holds up the records of its own
// torrents only. One goroutine uses it. What it has begun goes on without it.
type syncer struct {
	diskOf func(*disk.Torrent) string
	under  map[string]*round
}

// round is one sync of a disk. Its map is its goroutine's until done is closed.
type round struct {
	late  bool
	done  chan struct{}
	found map[*disk.Torrent]synced
}

// sync syncs the files of a batch, and returns what is safe. A torrent whose disk
// takes longer than the patience is missing; a later call has what became of it among the
// old ones.
func (y *syncer) sync(batch []entry, patience time.Duration) (found, old map[*disk.Torrent]synced) {
	found, old = map[*disk.Torrent]synced{}, map[*disk.Torrent]synced{}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for name, r := range y.begin(batch) {
		into := old
		if !r.late {
			into = found
			select {
			case <-r.done:
			case <-ctx.Done():
			}
		}
		select {
		case <-r.done:
			delete(y.under, name)
			maps.Copy(into, r.found)
		default:
			r.late = true
		}
	}
	return found, old
}

// begin begins a round for each disk of the batch that has none under way, and returns
// those of all its disks.
func (y *syncer) begin(batch []entry) map[string]*round {
	if y.under == nil {
		y.under = map[string]*round{}
	}
	rounds, todo := map[string]*round{}, map[string][]*disk.Torrent{}
	for _, e := range batch {
		if e.disk != nil {
			name := y.diskOf(e.disk)
			todo[name] = append(todo[name], e.disk)
		}
	}
	for name, torrents := range todo {
		r := y.under[name]
		if r == nil {
			r = &round{done: make(chan struct{}), found: map[*disk.Torrent]synced{}}
			y.under[name] = r
			go func() {
				defer close(r.done)
				for _, d := range torrents {
					r.found[d] = syncOf(d)
				}
			}()
		}
		rounds[name] = r
	}
	return rounds
}
