package engine

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// pythonServer serves a folder with Python's own web server, which knows no ranges.
func pythonServer(t *testing.T, dir string) (url string) {
	t.Helper()
	if _, err := os.Stat(python); err != nil {
		t.Skip("without Python: ", err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", dir, "0")
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	late := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	line, err := bufio.NewReader(out).ReadString('\n')
	port := regexp.MustCompile(`port (\d+)`).FindStringSubmatch(line)
	if err != nil || port == nil {
		t.Fatal(line, err)
	}
	return "http://127.0.0.1:" + port[1]
}

// TestForeignWebServer downloads from a web server that is not Go's, files whose names
// need care, also a file alone by its own URL and by that of its folder.
func TestForeignWebServer(t *testing.T) {
	dir, _ := folder(t)
	name := "a file, 100% #1? ü+&.bin"
	alone, data := filepath.Join(filepath.Dir(dir), name), bytes.Repeat([]byte("alone"), 50_000)
	ok(t, os.WriteFile(alone, data, 0o600))
	url := pythonServer(t, filepath.Dir(dir))
	for _, test := range []struct{ name, path, url string }{
		{"folder", dir, url},
		{"file in a folder", alone, url + "/"},
		{"file", alone, url + "/a%20file,%20100%25%20%231%3F%20%C3%BC+&.bin"},
	} {
		cfg := loopbackConfig(t.TempDir(), t.TempDir())
		b := launch(t, cfg)
		id := b.add(withWebSeed(t, test.path, test.url, FormatHybrid), AddOptions{})
		b.awaitState(id, Seeding) // whose data has the torrent's hashes
		if n := b.snap.Torrent(id).Wasted; n != 0 {
			t.Errorf("%s: %d bytes were wasted", test.name, n)
		}
		b.stop()
	}
}
