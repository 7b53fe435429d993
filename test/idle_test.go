package test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"piecewise/engine"
)

const (
	idleFor   = 20 * time.Second
	idleAfter = 10 * time.Second // when the start's garbage has been given back
)

// BenchmarkIdleWindow starts the window with a list of stopped torrents of 1,000
// pieces each, lets it rest and reports what that costs: the processor in per
// cent of one core, the memory that is resident and the part of it that is the
// program's own, and how long the window took to open. It measures once, however
// often it is run; -benchtime 1x saves the repetitions.
func BenchmarkIdleWindow(b *testing.B) {
	for _, torrents := range []int{0, 1000} {
		b.Run(fmt.Sprintf("%d-torrents", torrents), func(b *testing.B) {
			d := NewDesk(b)
			fillProfile(b, d.Profile, torrents)
			for b.Loop() {
				measureIdle(b, d)
			}
		})
	}
}

func measureIdle(b *testing.B, d *Desk) {
	start := time.Now()
	w := d.Open(b)
	opened := time.Since(start)
	rest(b, idleAfter)
	before := used(b, w.PID())
	rest(b, idleFor)
	spent := used(b, w.PID()) - before
	resident, own := memory(b, w.PID())
	w.Signal(b, syscall.SIGTERM)
	w.Wait(b, 10*time.Second)
	b.ReportMetric(0, "ns/op") // the time is that of the waiting
	b.ReportMetric(100*spent.Seconds()/idleFor.Seconds(), "cpu-%")
	b.ReportMetric(resident, "RSS-MB")
	b.ReportMetric(own, "anon-MB")
	b.ReportMetric(float64(opened.Milliseconds()), "ms-to-window")
}

// rest lets time pass.
func rest(b *testing.B, d time.Duration) {
	select {
	case <-time.After(d):
	case <-b.Context().Done():
		b.Fatal(b.Context().Err())
	}
}

// used returns the processor time of a process so far, from its own clock
// (clock_getcpuclockid(3) has the formula).
func used(b testing.TB, pid int) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &t); err != nil {
		b.Fatal(err)
	}
	return time.Duration(t.Nano())
}

// memory returns how many MB of a process are resident, and how many of them are
// not mapped files.
func memory(b *testing.B, pid int) (resident, own float64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		kB, _ := strconv.ParseFloat(words[1], 64) // the lines that matter are numbers
		switch words[0] {
		case "VmRSS:":
			resident = kB / 1024
		case "RssAnon:":
			own = kB / 1024
		}
	}
	return resident, own
}

// fillProfile makes a profile with so many stopped torrents of 1,000 pieces.
func fillProfile(b *testing.B, profile string, torrents int) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 5*time.Minute)
	defer cancel()
	running, stop := context.WithCancel(ctx)
	defer stop()
	dir := b.TempDir()
	e := engine.New(engine.Config{Profile: profile, Dir: dir, Loopback: true, NoDHT: true, NoLSD: true, NoPortMapping: true})
	ended := make(chan error, 1)
	go func() { ended <- e.Run(running) }() // stop ends it, and the end of this function awaits it
	go func() {                             // ends with the channel, which Run closes
		for range e.Updates() {
		}
	}()
	for i := range torrents {
		src, err := engine.Open(ctx, plainTorrent(b, dir, i), true)
		if err == nil {
			_, err = e.Add(ctx, src, engine.AddOptions{Paused: true})
		}
		if err != nil {
			b.Fatalf("add torrent %d: %v", i, err)
		}
	}
	stop()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		b.Fatal(err)
	}
}

// plainTorrent writes the metainfo of torrent i, whose data is nowhere.
func plainTorrent(b *testing.B, dir string, i int) string {
	b.Helper()
	const pieces, length = 1000, 1 << 20
	sums := make([]byte, 20*pieces)
	binary.BigEndian.PutUint64(sums, uint64(i)+1)
	info := fmt.Sprintf("d6:lengthi%de4:name%s12:piece lengthi%de6:pieces%se",
		pieces*length, bencode(fmt.Sprintf("Torrent %d", i)), length, bencode(string(sums)))
	path := filepath.Join(dir, "the.torrent")
	if err := os.WriteFile(path, []byte("d4:info"+info+"e"), 0o644); err != nil {
		b.Fatal(err)
	}
	return path
}
