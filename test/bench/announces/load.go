package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// load is the workers that ask a tracker.
type load struct {
	port    int
	mode    string
	workers int
	bytes   atomic.Int64 // of answers
}

// worker asks from an address of its own, over a socket of the system without the
// runtime's poller, which costs less.
type worker struct {
	*load
	from    int
	fd      int // of the kept connection, or of UDP; -1 for none
	request []byte
	answer  [4096]byte
	id      uint64 // of the UDP connection
	issued  time.Time
}

// each runs f for every worker.
func (l *load) each(f func(w *worker) error) error {
	var all sync.WaitGroup
	errs := make([]error, l.workers)
	for i := range l.workers {
		all.Go(func() {
			w := &worker{load: l, from: i, fd: -1}
			defer w.hangUp()
			errs[i] = f(w)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// await waits until the tracker serves every torrent: it may listen before it has
// read which ones.
func (l *load) await() error {
	w := &worker{load: l, fd: -1}
	defer w.hangUp()
	var err error
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for _, torrent := range []int{0, torrents / 2, torrents - 1} {
			if err = w.announce(torrent); err != nil {
				w.hangUp()
				break
			}
		}
		if err == nil {
			return nil
		}
	}
	return err
}

// fill has every peer announced once.
func (l *load) fill() error {
	err := l.each(func(w *worker) error {
		for p := w.from; p < peers; p += l.workers {
			if err := w.announce(p); err != nil {
				return err
			}
		}
		return nil
	})
	l.bytes.Store(0)
	return err
}

// run asks for some time, for peers that are there, and returns how many answers
// came and how many did not.
func (l *load) run(d time.Duration) (count, failed int) {
	var good, bad atomic.Int64
	end := time.Now().Add(d)
	_ = l.each(func(w *worker) error { // what fails is counted
		for time.Now().Before(end) {
			p := rand.IntN(peers/l.workers)*l.workers + w.from
			if err := w.announce(p); err != nil {
				bad.Add(1)
				w.hangUp()
				continue
			}
			good.Add(1)
		}
		return nil
	})
	return int(good.Load()), int(bad.Load())
}

func (w *worker) hangUp() {
	if w.fd >= 0 {
		unix.Close(w.fd)
		w.fd = -1
	}
}

// dial connects from the worker's own address.
func (w *worker) dial(kind int) error {
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	w.fd = fd
	const bindAddressNoPort = 24 // IP_BIND_ADDRESS_NO_PORT: the port is found when connecting
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, bindAddressNoPort, 1)
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5})
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 1, byte(w.from >> 8), byte(w.from + 1)}}); err != nil {
		return err
	}
	return unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: w.port})
}

// announce announces peer p; a tenth of the peers are seeds.
func (w *worker) announce(p int) error {
	if w.mode == "udp" {
		return w.announceUDP(p)
	}
	w.write(p)
	if w.fd < 0 {
		if err := w.dial(unix.SOCK_STREAM); err != nil {
			return err
		}
	}
	if _, err := unix.Write(w.fd, w.request); err != nil {
		return err
	}
	n, err := w.read()
	if err != nil {
		return err
	}
	if w.mode == "http" {
		w.hangUp()
	}
	w.bytes.Add(int64(n))
	if !bytes.Contains(w.answer[:n], []byte("8:interval")) {
		return fmt.Errorf("it answers %q", w.answer[:n])
	}
	return nil
}

// write makes the request: about what libtorrent sends.
func (w *worker) write(p int) {
	b := append(w.request[:0], "GET /announce?info_hash="...)
	for _, c := range hashOf(p % torrents) {
		const digits = "0123456789abcdef"
		b = append(b, '%', digits[c>>4], digits[c&15])
	}
	b = append(b, "&peer_id=-LT20B0-abcdefghijkl&port="...)
	b = strconv.AppendInt(b, int64(portOf(p)), 10)
	b = append(b, "&uploaded=0&downloaded=0&left="...)
	b = strconv.AppendInt(b, int64(leftOf(p)), 10)
	b = append(b, "&corrupt=0&key=5A7C2F11&numwant=50&compact=1&no_peer_id=1&supportcrypto=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: load\r\nAccept-Encoding: gzip\r\n"...)
	if w.mode == "kept" {
		w.request = append(b, "Connection: keep-alive\r\n\r\n"...)
		return
	}
	w.request = append(b, "Connection: close\r\n\r\n"...)
}

// portOf is another one for each peer of a worker in a torrent.
func portOf(p int) int { return p/torrents + 1024 }

func leftOf(p int) int {
	if p%10 == 0 {
		return 0
	}
	return 1 << 20
}

// read returns the size of an answer: until the connection ends, or as long as its
// head says.
func (w *worker) read() (int, error) {
	have, want := 0, -1
	for {
		n, err := unix.Read(w.fd, w.answer[have:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0, err
		}
		if have += n; n == 0 {
			return have, nil
		}
		if w.mode != "kept" {
			continue
		}
		if want < 0 {
			head, _, ok := bytes.Cut(w.answer[:have], []byte("\r\n\r\n"))
			_, length, found := bytes.Cut(head, []byte("Content-Length: "))
			if !ok || !found {
				continue
			}
			length, _, _ = bytes.Cut(length, []byte("\r\n"))
			size, err := strconv.Atoi(string(length))
			if err != nil {
				return 0, err
			}
			want = len(head) + 4 + size
		}
		if have >= want {
			return have, nil
		}
	}
}

func (w *worker) announceUDP(p int) error {
	if w.fd < 0 {
		if err := w.dial(unix.SOCK_DGRAM); err != nil {
			return err
		}
	}
	if time.Since(w.issued) > 50*time.Second {
		b := binary.BigEndian.AppendUint64(w.request[:0], 0x41727101980)
		n, err := w.exchange(append(b, 0, 0, 0, 0, 1, 2, 3, 4))
		if err != nil || n < 16 {
			return fmt.Errorf("%d bytes, %w", n, err)
		}
		w.id, w.issued = binary.BigEndian.Uint64(w.answer[8:]), time.Now()
	}
	b := binary.BigEndian.AppendUint64(w.request[:0], w.id)
	b = append(b, 0, 0, 0, 1, 5, 6, 7, 8)
	hash := hashOf(p % torrents)
	b = append(append(b, hash[:]...), "-LT20B0-abcdefghijkl"...)
	b = binary.BigEndian.AppendUint64(b, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(leftOf(p)))
	b = append(b, make([]byte, 8+4+4)...)
	b = append(b, 0x5a, 0x7c, 0x2f, 0x11, 0, 0, 0, 50)
	w.request = binary.BigEndian.AppendUint16(b, uint16(portOf(p)))
	n, err := w.exchange(w.request)
	if err != nil {
		return err
	}
	w.bytes.Add(int64(n))
	if n < 20 || w.answer[3] != 1 {
		return fmt.Errorf("it answers %q", w.answer[:n])
	}
	return nil
}

// exchange sends a packet and returns the size of what comes back.
func (w *worker) exchange(b []byte) (int, error) {
	if _, err := unix.Write(w.fd, b); err != nil {
		return 0, err
	}
	for {
		n, err := unix.Read(w.fd, w.answer[:])
		if err != unix.EINTR {
			return n, err
		}
	}
}
