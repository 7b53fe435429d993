package terminal

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"piecewise/engine"
)

// TestTracker runs the command, asks it, and interrupts it.
func TestTracker(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte("# served\n\n"+strings.Repeat("61", 20)+" a name\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := Parse([]string{"tracker", "--loopback", "--listen", ":0", "--allow", list})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan int)
	go func() { ended <- c.Run(ctx, Stdio{Out: write, Err: io.Discard}) }()
	b := make([]byte, 1000)
	n, err := read.Read(b)
	said := string(b[:n])
	_, url, _ := strings.Cut(said, "tracker at ")
	url, _, _ = strings.Cut(url, " ")
	if err != nil || !strings.HasPrefix(url, "http://127.0.0.1:") || !strings.HasSuffix(said, ", for 1 info hash\n") {
		t.Fatalf("it says %q, %v", said, err)
	}
	for hash, want := range map[string]string{strings.Repeat("a", 20): "8:interval", strings.Repeat("b", 20): "not served"} {
		r, err := http.Get(url + "?port=1&left=1&peer_id=12345678901234567890&info_hash=" + hash)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || !strings.Contains(string(answer), want) {
			t.Errorf("%s: %q, %v", hash, answer, err)
		}
	}
	cancel()
	n, err = read.Read(b)
	if said := string(b[:n]); err != nil || said != "1 torrent, 1 peer, 1 announce, 0 scrapes, 1 refused\n" {
		t.Errorf("at the end it says %q, %v", said, err)
	}
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(time.Minute):
		t.Error("it does not end")
	}
}

func TestTrackerFlags(t *testing.T) {
	for _, test := range []struct {
		args string
		code int
	}{
		{"--interval 1ms", 2},
		{"--rate -1", 2},
		{"--rate NaN", 2},
		{"--max-peers 0", 2},
		{"--connections 0", 2},
		{"--allow /not/there", 3},
		{"--listen 192.0.2.77:1", 3},
	} {
		c, err := Parse(append([]string{"tracker"}, strings.Fields(test.args)...))
		if err != nil {
			if test.code != 2 {
				t.Errorf("%s: %v", test.args, err)
			}
			continue
		}
		var errs bytes.Buffer
		if code := c.Run(t.Context(), Stdio{Out: io.Discard, Err: &errs}); code != test.code || errs.Len() == 0 {
			t.Errorf("%s: code %d, %q", test.args, code, errs.String())
		}
	}
	if _, err := Parse([]string{"tracker", "--loopback", "--listen", "192.0.2.1:1"}); err == nil {
		t.Error("--loopback listens elsewhere")
	}
}

// TestAllowed reads a folder, and notices what comes and goes.
func TestAllowed(t *testing.T) {
	dir := t.TempDir()
	a := allowed{path: dir}
	expect := func(n int, changed bool) {
		t.Helper()
		got, err := a.again()
		if err != nil || got != changed || len(a.hashes) != n {
			t.Errorf("changed %v, %d hashes, %v; expected %v, %d", got, len(a.hashes), err, changed, n)
		}
	}
	expect(0, false)
	data := filepath.Join(dir, "data")
	if err := os.WriteFile(data, make([]byte, 20_000), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, f := range []engine.Format{engine.FormatV1, engine.FormatHybrid} {
		name := map[engine.Format]string{engine.FormatV1: "one.torrent", engine.FormatHybrid: "two.torrent"}[f]
		content, err := engine.LookAt(t.Context(), data, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		made, err := engine.Create(t.Context(), content, engine.CreateOptions{Format: f, PieceLength: 16 << 10, Comment: name}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := made.Save(filepath.Join(dir, name), false); err != nil {
			t.Fatal(err)
		}
		if f == engine.FormatV1 {
			expect(1, true)
			expect(1, false)
		}
		if _, ok := a.hashes[[20]byte(made.HashV1)]; f == engine.FormatV1 && !ok {
			t.Error("the wrong hash")
		}
	}
	if _, err := a.again(); err != nil || len(a.hashes) != 3 {
		t.Errorf("%d hashes with a hybrid, %v", len(a.hashes), err)
	}
	if err := os.Remove(filepath.Join(dir, "two.torrent")); err != nil {
		t.Fatal(err)
	}
	expect(1, true)
	if err := os.WriteFile(filepath.Join(dir, "bad.torrent"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := a.again(); err == nil || len(a.hashes) != 1 {
		t.Errorf("%v, %d hashes", err, len(a.hashes))
	}
}

func TestReadHashes(t *testing.T) {
	got, err := readHashes(strings.NewReader("#\n"+strings.Repeat("Ab", 20)+"\r\n\n "+strings.Repeat("cd", 32)+"\tname\n"), "list")
	if err != nil || len(got) != 2 || got[0][0] != 0xab || got[1][19] != 0xcd {
		t.Errorf("%x, %v", got, err)
	}
	for _, bad := range []string{"x", strings.Repeat("a", 39), strings.Repeat("a", 42)} {
		if _, err := readHashes(strings.NewReader("\n"+bad), "list"); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
