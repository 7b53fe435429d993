package announce

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// rawServer answers every connection, once a request was read, with what serve writes.
func rawServer(t *testing.T, serve func(conn net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				for line := "x"; strings.TrimSpace(line) != ""; {
					if line, err = in.ReadString('\n'); err != nil {
						return
					}
				}
				serve(conn)
			})
		}
	}()
	t.Cleanup(func() { l.Close(); <-ended; open.Wait() })
	return "http://" + l.Addr().String() + "/announce"
}

// drip writes the same again and again until the other end has enough.
func drip(conn net.Conn, text string, pause time.Duration) {
	for {
		if _, err := fmt.Fprint(conn, text); err != nil {
			return
		}
		time.Sleep(pause)
	}
}

// TestNastyServers has answers that are no HTTP, or never end. None is believed, none
// takes longer than the request may, and none more memory than an answer may have.
func TestNastyServers(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\n"
	for name, test := range map[string]struct {
		serve func(net.Conn)
		want  string // in the message
	}{
		"nothing":      {func(net.Conn) {}, ""},
		"silence":      {func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }, "does not answer"},
		"no HTTP":      {func(c net.Conn) { fmt.Fprint(c, "d8:intervali1800ee") }, ""},
		"slow head":    {func(c net.Conn) { drip(c, "H", 5*time.Millisecond) }, ""},
		"slow body":    {func(c net.Conn) { fmt.Fprint(c, head+"\r\n"); drip(c, "d", 5*time.Millisecond) }, "does not answer"},
		"endless head": {func(c net.Conn) { fmt.Fprint(c, head); drip(c, "A: "+strings.Repeat("b", 8000)+"\r\n", 0) }, ""},
		"endless body": {func(c net.Conn) { fmt.Fprint(c, head+"\r\n"); drip(c, strings.Repeat("b", 8000), 0) }, "too long"},
		"short body":   {func(c net.Conn) { fmt.Fprint(c, head+"Content-Length: 500\r\n\r\nd8:intervali1800ee") }, ""},
		"long length": {func(c net.Conn) {
			fmt.Fprint(c, head+"Content-Length: 99999999999999\r\n\r\nd")
			drip(c, strings.Repeat("b", 8000), 0)
		}, "too long"},
		"broken chunks":  {func(c net.Conn) { fmt.Fprint(c, head+"Transfer-Encoding: chunked\r\n\r\nzz\r\nd8:intervali1800ee") }, ""},
		"chunk too long": {func(c net.Conn) { fmt.Fprint(c, head+"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nd") }, ""},
		"broken gzip":    {func(c net.Conn) { fmt.Fprint(c, head+"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd") }, ""},
		"redirect to itself": {func(c net.Conn) {
			fmt.Fprint(c, "HTTP/1.1 302 Found\r\nLocation: /announce\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}, "redirects too often"},
		"redirect nowhere": {func(c net.Conn) {
			fmt.Fprint(c, "HTTP/1.1 302 Found\r\nLocation: http://[::\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}, ""},
		"endless 100": {func(c net.Conn) { drip(c, "HTTP/1.1 100 Continue\r\n\r\n", time.Millisecond) }, ""},
		"hostile words": {func(c net.Conn) {
			fmt.Fprint(c, head+"Connection: close\r\n\r\nd14:failure reason13:\x1b[31ma\u202eb\x00\xff\ne")
		}, "[31mab\ufffd"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			begin := time.Now()
			_, err := testNetwork(t, nil).announce(ctx, request{url: rawServer(t, test.serve)})
			if err == nil || !strings.Contains(explain(err), test.want) || explain(err) == "" || strings.Contains(explain(err), "info_hash") {
				t.Errorf("%v, want %q", err, test.want)
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Error("it took", took)
			}
		})
	}
}

// tracked counts what a UDP tracker was asked.
type tracked struct {
	mu                  sync.Mutex
	connects, announces int
	last                []byte
}

func (k *tracked) count(p []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if action(p) == 0 {
		k.connects++
	} else {
		k.announces++
	}
	k.last = bytes.Clone(p)
}

func (k *tracked) expect(t *testing.T, connects, announces int) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.connects != connects || k.announces != announces {
		t.Errorf("%d connects and %d announces, want %d and %d", k.connects, k.announces, connects, announces)
	}
}

// TestConnectionIDs has a connection ID used again while it is good, and a new one asked
// for when the tracker has forgotten it: with an error or without a word.
func TestConnectionIDs(t *testing.T) {
	for name, forgot := range map[string]func(p []byte) [][]byte{
		"error":   func(p []byte) [][]byte { return [][]byte{append(words(3, serial(p)), "Connection ID missmatch."...)} },
		"silence": func([]byte) [][]byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			var k tracked
			var mu sync.Mutex
			good := uint32(1)
			url := udpTracker(t, "127.0.0.1:0", func(p []byte) [][]byte {
				k.count(p)
				mu.Lock()
				defer mu.Unlock()
				if action(p) == 0 {
					return [][]byte{words(0, serial(p), 0, good)}
				}
				if p[7] != byte(good) {
					return forgot(p)
				}
				return [][]byte{words(1, serial(p), 1800, 4, 3)}
			})
			n := testNetwork(t, nil)
			n.resend = 50 * time.Millisecond
			announce := func() {
				t.Helper()
				if rep, err := n.announce(t.Context(), request{url: url}); err != nil || rep.seeds != 3 {
					t.Error(rep, err)
				}
			}
			announce()
			announce()
			k.expect(t, 1, 2)
			for range 3 { // the third time an old ID is not even tried
				mu.Lock()
				good++
				mu.Unlock()
				announce()
			}
			k.expect(t, 4, 2+2+2+1)
			n.changed()
			announce()
			k.expect(t, 5, 8)
		})
	}
}

func TestTicketsAreBounded(t *testing.T) {
	var s tickets
	for i := range 3 * maxTickets {
		s.keep(fmt.Sprint(i), 1, false)
	}
	if len(s.of) > maxTickets {
		t.Error(len(s.of), "tickets")
	}
}

// TestUDPScrape scrapes, and gets answers that are cut, longer, and for something else.
func TestUDPScrape(t *testing.T) {
	ids := [][20]byte{{1}, {2}}
	for name, test := range map[string]struct {
		answer func(p []byte) []byte
		want   string
	}{
		"good":  {func(p []byte) []byte { return words(2, serial(p), 3, 4, 5, 6, 7, 8) }, "map[1:{3 5 4} 2:{6 8 7}]"},
		"more":  {func(p []byte) []byte { return words(2, serial(p), 3, 4, 5, 6, 7, 8, 9) }, "map[1:{3 5 4} 2:{6 8 7}]"},
		"short": {func(p []byte) []byte { return words(2, serial(p), 3, 4, 5, 6, 7) }, "too short"},
		"other": {func(p []byte) []byte { return words(1, serial(p), 3, 4, 5, 6, 7, 8) }, "does not answer"},
		"error": {func(p []byte) []byte { return append(words(3, serial(p)), "no"...) }, "no"},
		"odd":   {func(p []byte) []byte { return words(2, serial(p), 1<<31, 4, 1<<32-1, 6, 7, 8) }, "map[1:{-1 -1 4} 2:{6 8 7}]"},
	} {
		t.Run(name, func(t *testing.T) {
			url := udpTracker(t, "127.0.0.1:0", func(p []byte) [][]byte {
				if action(p) == 0 {
					return wellBehaved(p, nil)
				}
				return [][]byte{test.answer(p)}
			})
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			n := testNetwork(t, nil)
			n.resend = 20 * time.Millisecond
			found, err := n.scrape(ctx, url, ids)
			got := map[byte]counts{}
			for id, c := range found {
				got[id[0]] = c
			}
			text := fmt.Sprint(got)
			if err != nil {
				text = explain(err)
			}
			if !strings.Contains(text, test.want) {
				t.Errorf("%q, want %q", text, test.want)
			}
		})
	}
}
