package transfer

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// TestSlowDisk has a disk that takes nothing any more: torrents on it stand still, in
// bounded memory, and one on another disk comes in, with the same sockets' buffers and
// workers. When the disk goes on, so do they.
func TestSlowDisk(t *testing.T) {
	workers, pool := NewWorkers(), wire.NewPool(4)
	t.Cleanup(workers.Close)
	c := newContent(64, 64<<10)
	stuck, went := make(chan struct{}), false
	release := func() {
		if !went {
			went = true
			close(stuck)
		}
	}
	t.Cleanup(release) // before the sides are closed
	var waiting atomic.Int32
	refuse := func(op, _ string) error {
		if op == "write" {
			waiting.Add(1)
			<-stuck
			waiting.Add(-1)
		}
		return nil
	}
	seed := newSide(t, c, sideOptions{have: plane.FullBits(c.pieces())})
	var slow []*side
	for range 3 {
		s := newSide(t, c, sideOptions{refuse: refuse, workers: workers, shared: pool})
		s.crew.Store(workers.crew("slow")) // which its folder is not
		slow = append(slow, s)
	}
	t.Cleanup(release)
	crew := workers.crew("slow")
	for _, s := range slow {
		s.dial(t, seed)
	}
	until(t, "the slow disk's workers to wait", func() bool { return int(waiting.Load()) > 0 })
	until(t, "its buffers to be in use", func() bool { return crew.pool.InUse() > 0 })
	fast := newSide(t, c, sideOptions{workers: workers, shared: pool})
	fast.dial(t, seed)
	fast.complete(t)
	for _, s := range slow {
		if n := s.Counters().Verified; n > 0 {
			t.Errorf("%d pieces were verified on a disk that takes nothing", n)
		}
	}
	if n := crew.pool.InUse(); n > wire.DefaultBuffers() {
		t.Errorf("%d buffers are in use", n)
	}
	release()
	for _, s := range slow {
		s.complete(t)
	}
}

// TestCrews finds the workers of disks: each has its own, the first those of whatever
// is not known, and there is an end to it.
func TestCrews(t *testing.T) {
	w := NewWorkers()
	defer w.Close()
	first := w.crew("")
	if w.crew("/") != first || first.pool != nil {
		t.Error("the first disk has not the first workers")
	}
	usb := w.crew("/media/usb")
	if usb == first || usb.pool == nil || w.crew("/media/usb") != usb || w.crew("") != first {
		t.Error("the second disk has not its own")
	}
	for i := range 100 {
		w.crew(fmt.Sprint(i))
	}
	if len(w.crews) != maxCrews {
		t.Errorf("%d crews", len(w.crews))
	}
}

// TestDrainHoldsUpNobody has a disk that does not even begin to write: a torrent on it
// comes in nevertheless.
func TestDrainHoldsUpNobody(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the system cannot be told to begin")
	}
	c := newContent(10, 1<<20)
	stuck, drained := make(chan struct{}), make(chan struct{}, 1)
	refuse := func(op, _ string) error {
		if op == "drain" {
			select {
			case drained <- struct{}{}:
			default:
			}
			<-stuck
		}
		return nil
	}
	seed, leech := newSide(t, c, sideOptions{have: plane.FullBits(c.pieces())}), newSide(t, c, sideOptions{refuse: refuse})
	t.Cleanup(func() { close(stuck) }) // before the sides are closed
	leech.dial(t, seed)
	leech.complete(t)
	select {
	case <-drained:
	case <-time.After(patient):
		t.Error("nobody told the system to begin")
	}
}
