package wire

import (
	"io"
	"sync/atomic"
	"testing"
	"time"
)

func TestPatience(t *testing.T) {
	var p Patience
	now := time.Now()
	for i := range mostTedium {
		if !p.Spend(1, now) {
			t.Fatalf("message %d is too much", i)
		}
	}
	if p.Spend(1, now) {
		t.Error("it never ends")
	}
	p.Earn(10)
	if !p.Spend(5, now) {
		t.Error("nothing was earned")
	}
	if now = now.Add(time.Minute); !p.Spend(mostTedium, now) || p.Spend(1, now) {
		t.Error("after a minute it is not as at first")
	}
}

// What the library answers it gets few at a time: the next when it has answered,
// or had time to, and the peer reads the answers.
func TestPaceOfLibrary(t *testing.T) {
	to, library, socket := bare(t, Config{})
	write(t, library, numbers())
	to.peer(t)
	const asked = 4 * maxOwed
	for range asked {
		write(t, socket, frame(Extended, 2, 'd', 'e'))
	}
	frames := make(chan struct{}, asked)
	go func() { // ends with the connection
		defer close(frames)
		for {
			if _, err := io.ReadFull(library, make([]byte, 8)); err != nil {
				return
			}
			frames <- struct{}{}
		}
	}()
	heard := func(within time.Duration) (n int) {
		late := time.After(within)
		for {
			select {
			case <-frames:
				n++
			case <-late:
				return n
			}
		}
	}
	if n := heard(settleOwed / 2); n != maxOwed {
		t.Fatalf("the library got %d at once", n)
	}
	answer := frame(Extended, make([]byte, 16<<10)...)
	write(t, library, answer)
	if n := heard(settleOwed / 2); n != maxOwed {
		t.Errorf("after an answer it got %d more", n)
	}
	if n := heard(settleOwed); n != maxOwed {
		t.Errorf("after a while it got %d more", n)
	}
	var written atomic.Int64
	fill := make(chan struct{})
	go func() { // ends with the connection
		defer close(fill)
		for range 1000 { // far more than the sockets hold
			if _, err := library.Write(answer); err != nil {
				return
			}
			written.Add(1)
		}
	}()
	for last := int64(-1); last != written.Load(); { // until the sockets are full
		last = written.Load()
		heard(2 * settleOwed)
	}
	for range asked {
		write(t, socket, frame(Extended, 2, 'd', 'e'))
	}
	if n := heard(3 * settleOwed); n > maxOwed {
		t.Errorf("it got %d more, while the peer does not read", n)
	}
	socket.Close()
	<-fill
}
