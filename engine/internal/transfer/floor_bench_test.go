//go:build linux

package transfer

import (
	"crypto/sha1"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// floorBuffer is as long as a receive buffer, and fits a core's cache.
const floorBuffer = 256 << 10

// BenchmarkFloor is what the machine needs at least for what a download consists
// of, on one thread without anything around it: to receive over loopback (the
// sender's time does not count), to hash, to write to a new file in memory, and
// all three with the same buffer. A download cannot cost less CPU time.
func BenchmarkFloor(b *testing.B) {
	for _, test := range []struct {
		name                 string
		receive, hash, write bool
	}{
		{"receive", true, false, false},
		{"hash", false, true, false},
		{"write", false, false, true},
		{"all", true, true, true},
	} {
		b.Run(test.name, func(b *testing.B) {
			var steps []func(buf []byte, at int64) error
			if test.receive {
				c := source(b)
				steps = append(steps, func(buf []byte, _ int64) error {
					_, err := io.ReadFull(c, buf)
					return err
				})
			}
			if test.hash {
				h := sha1.New()
				steps = append(steps, func(buf []byte, _ int64) error {
					_, err := h.Write(buf)
					return err
				})
			}
			f := memoryFile(b)
			if test.write {
				steps = append(steps, func(buf []byte, at int64) error {
					_, err := unix.Pwritev(int(f.Fd()), [][]byte{buf}, at)
					return err
				})
			}
			floor(b, f, steps)
		})
	}
}

// floor takes the steps with one buffer after the other and reports CPU time.
func floor(b *testing.B, f *os.File, steps []func(buf []byte, at int64) error) {
	const size = 256 << 20 // bytes of one iteration
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	buf := make([]byte, floorBuffer)
	b.SetBytes(size)
	var used time.Duration
	for b.Loop() {
		before := threadTime(b)
		for at := int64(0); at < size; at += floorBuffer {
			for _, step := range steps {
				if err := step(buf, at); err != nil {
					b.Fatal(err)
				}
			}
		}
		used += threadTime(b) - before
		b.StopTimer()
		if err := f.Truncate(0); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(used.Seconds()/float64(b.N)*(1<<30)/size, "CPU-s/GiB")
	b.ReportMetric(0, "ns/op")
}

// threadTime is the CPU time of the thread so far.
func threadTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// source is a connection over which bytes come as fast as they are taken.
func source(b *testing.B) net.Conn {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	in, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	out, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for buf := make([]byte, floorBuffer); ; {
			if _, err := out.Write(buf); err != nil {
				return
			}
		}
	}()
	b.Cleanup(func() {
		in.Close()
		out.Close()
		<-ended
	})
	return in
}

// memoryFile is an empty file on tmpfs, if there is one.
func memoryFile(b *testing.B) *os.File {
	dir := "/dev/shm"
	if _, err := os.Stat(dir); err != nil {
		dir = b.TempDir()
	}
	f, err := os.CreateTemp(dir, "floor")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		f.Close()
		os.Remove(f.Name())
	})
	return f
}
