package engine

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const (
	python           = "/usr/bin/python3"
	libtorrentScript = "../test/bench/libtorrent_client.py"
)

// libtorrent is a libtorrent session in a process of its own, which ends with its
// standard input.
type libtorrent struct {
	t      testing.TB
	at     netip.AddrPort
	dir    string
	cmd    *exec.Cmd
	in     io.WriteCloser
	events chan ltEvent
	end    time.Time
}

// ltEvent is one line that it prints.
type ltEvent struct {
	Event string           `json:"ev"`
	Up    int64            `json:"up"`
	Peers map[string]int64 `json:"peers"`
	at    time.Time
}

// foreign starts libtorrent on an address of its own; what is saved goes to dir.
func foreign(t testing.TB, number int, dir string, args ...string) *libtorrent {
	t.Helper()
	if err := exec.Command(python, "-c", "import libtorrent").Run(); err != nil {
		t.Skip("without libtorrent for Python: ", err)
	}
	l := &libtorrent{t: t, at: netip.MustParseAddrPort(fmt.Sprintf("127.0.1.%d:%d", number, 20000+number)), dir: dir, events: make(chan ltEvent, 100)}
	l.cmd = exec.Command(python, append([]string{libtorrentScript, "--listen", l.at.String()}, args...)...)
	var out io.Reader
	var err error
	if l.in, err = l.cmd.StdinPipe(); err == nil {
		out, err = l.cmd.StdoutPipe()
	}
	if err == nil {
		err = l.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go l.read(out) // ends with the process
	t.Cleanup(l.stop)
	l.expect("ready")
	return l
}

func (l *libtorrent) read(out io.Reader) {
	defer close(l.events)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e ltEvent
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			e.at = time.Now()
			l.events <- e
		}
	}
}

// expect waits for an event; that of the end is remembered in passing.
func (l *libtorrent) expect(event string) ltEvent {
	l.t.Helper()
	late := time.After(patience)
	for {
		select {
		case e, open := <-l.events:
			if !open {
				l.t.Fatal("libtorrent has ended")
			}
			l.note(e)
			if e.Event == event {
				return e
			}
		case <-late:
			l.t.Fatalf("waited for %q of libtorrent", event)
		}
	}
}

func (l *libtorrent) note(e ltEvent) {
	if e.Event == "done" && l.end.IsZero() {
		l.end = e.at
	}
}

func (l *libtorrent) say(words ...string) {
	if _, err := io.WriteString(l.in, strings.Join(words, " ")+"\n"); err != nil {
		l.t.Fatal(err)
	}
}

func (l *libtorrent) join(torrent string, peers []netip.AddrPort) {
	words := []string{"add", torrent, l.dir}
	for _, p := range peers {
		words = append(words, p.String())
	}
	l.say(words...)
}

func (l *libtorrent) addr() netip.AddrPort { return l.at }

func (l *libtorrent) done() time.Time {
	for {
		select {
		case e := <-l.events:
			l.note(e)
			if e.Event != "" {
				continue
			}
		default:
		}
		return l.end
	}
}

func (l *libtorrent) stats() ltEvent {
	l.say("stats")
	return l.expect("stats")
}

func (l *libtorrent) got(from [20]byte) (its, others int64) {
	for id, n := range l.stats().Peers {
		if id == hex.EncodeToString(from[:]) {
			its += n
		} else {
			others += n
		}
	}
	return its, others
}

func (l *libtorrent) sent() int64 { return l.stats().Up }

func (l *libtorrent) stop() {
	l.in.Close()
	ended := make(chan struct{})
	go func() { _ = l.cmd.Wait(); close(ended) }() // its exit code says nothing
	select {
	case <-ended:
	case <-time.After(patience):
		_ = l.cmd.Process.Kill() // it has ended by now, or this ends it
		<-ended
	}
}
