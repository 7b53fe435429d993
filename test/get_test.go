package test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Many torrents in one command.
func TestGetMany(t *testing.T) {
	t.Parallel()
	const count = 30
	var all []*Data
	var torrents []string
	for i := range count {
		all = append(all, Make(t, fmt.Sprintf("torrent %d", i), 16<<10, File{Length: 10_000 * (i + 1)}))
	}
	tracker := StartTracker(t, all...)
	src := t.TempDir()
	sums := map[string]string{}
	for _, d := range all {
		if err := os.Symlink(filepath.Join(d.Dir, d.Name), filepath.Join(src, d.Name)); err != nil {
			t.Fatal(err)
		}
		torrents = append(torrents, d.Torrent(t, tracker.URL))
		sums[d.Name] = d.Sums[d.Name]
	}
	seed := StartLibtorrent(t, PeerOptions{Dir: src, Sources: torrents})
	for _, d := range all {
		seed.Await(t, d, 30*time.Second)
		tracker.AwaitSeeds(t, d, 1)
	}
	dir := t.TempDir()
	StartGet(t, "", append(torrents, "--dir", dir)...).Finish(t, time.Minute, all...)
	(&Data{Sums: sums}).Compare(t, dir)
}

// An interrupted download ends within five seconds, and the same command goes on
// where it was; its profile is gone afterwards.
func TestGetGoesOn(t *testing.T) {
	t.Parallel()
	d := Make(t, "interrupted", 32<<10, File{Length: 12_000_000})
	torrent := d.Torrent(t, "")
	seed := StartLibtorrent(t, PeerOptions{Dir: d.Dir, Sources: []string{torrent}, UpLimit: 2_000_000})
	home, dir := t.TempDir(), t.TempDir()
	args := []string{torrent, "--dir", dir, "--peer", seed.Addr().String()}

	first := StartGet(t, home, args...)
	first.Await(t, d, 30*time.Second, func(l Line) bool { return l.Have > 3_000_000 })
	if code := first.Interrupt(t); code != 130 {
		t.Fatalf("an interrupted download ends with %d, want 130", code)
	}
	lines := first.Lines(d)
	have := lines[len(lines)-1].Have

	second := StartGet(t, home, args...)
	second.Finish(t, time.Minute, d)
	if got := second.Lines(d)[0].Have; got < have {
		t.Errorf("the second run begins with %d bytes, the first ended with %d", got, have)
	}
	d.Compare(t, dir)
	left, err := filepath.Glob(filepath.Join(home, "state", "piecewise", "get", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("these profiles are left: %q, %v", left, err)
	}
}

// A peer that the user names may start later, and may be gone for a while.
func TestGetAwaitsPeer(t *testing.T) {
	t.Parallel()
	d := Make(t, "awaited", 32<<10, File{Length: 9_000_000})
	o := PeerOptions{Dir: d.Dir, Sources: []string{d.Torrent(t, "")}, UpLimit: 2_000_000, Listen: Address(t)}
	dir := t.TempDir()
	get := StartGet(t, "", o.Sources[0], "--dir", dir, "--peer", o.Listen.String())
	get.Await(t, d, 30*time.Second, func(l Line) bool { return l.State == "downloading" })
	seed := StartLibtorrent(t, o)
	get.Await(t, d, 30*time.Second, func(l Line) bool { return l.Have > 0 })
	seed.Kill()
	get.Await(t, d, 30*time.Second, func(l Line) bool { return l.Have > 0 && l.Peers == 0 })
	StartLibtorrent(t, o)
	get.Finish(t, time.Minute, d)
	d.Compare(t, dir)
}

// With --preallocate a file has all its room before anybody gave a byte.
func TestGetPreallocates(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("files grow there")
	}
	d := Make(t, "allocated", 32<<10, File{Length: 3_000_000})
	dir := t.TempDir()
	get := StartGet(t, "", d.Torrent(t, ""), "--dir", dir, "--preallocate")
	get.Await(t, d, 30*time.Second, func(Line) bool {
		info, err := os.Stat(filepath.Join(dir, d.Name+".part"))
		return err == nil && info.Size() == 3_000_000
	})
	if code := get.Interrupt(t); code != 130 {
		t.Errorf("it ends with %d", code)
	}
}

// Only one engine works on a profile.
func TestProfileInUse(t *testing.T) {
	t.Parallel()
	d := Make(t, "in use", 32<<10, File{Length: 100_000})
	torrent, dir, profile := d.Torrent(t, ""), t.TempDir(), t.TempDir()
	get := StartGet(t, "", torrent, "--dir", dir, "--profile", profile)
	get.Await(t, d, 30*time.Second, func(Line) bool { return true })
	code, out, sentence := Run(t, "get", torrent, "--loopback", "--dir", dir, "--profile", profile)
	if code != 3 || out != "" || !strings.Contains(sentence, "another Piecewise is using this profile") {
		t.Errorf("a second get on a profile ends with %d and %q", code, sentence)
	}
	if code := get.Interrupt(t); code != 130 {
		t.Errorf("the first ends with %d", code)
	}
}

// A torrent that cannot be saved ends get with a sentence.
func TestGetFault(t *testing.T) {
	t.Parallel()
	d := Make(t, "blocked", 32<<10, File{"a.bin", 100_000})
	torrent := d.Torrent(t, "")
	seed := StartLibtorrent(t, PeerOptions{Dir: d.Dir, Sources: []string{torrent}})
	dir := t.TempDir()
	mine := filepath.Join(dir, "blocked")
	if err := os.WriteFile(mine, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, sentence := Run(t, "get", torrent, "--loopback", "--dir", dir, "--peer", seed.Addr().String())
	last := strings.TrimSpace(sentence[strings.LastIndex(strings.TrimSpace(sentence), "\n")+1:])
	if code != 1 || !strings.HasPrefix(last, "piecewise: blocked: ") {
		t.Errorf("get ends with %d and %q", code, sentence)
	}
	if content, err := os.ReadFile(mine); string(content) != "mine" {
		t.Errorf("the file that was there before is %q, %v", content, err)
	}
}

// What another program has begun stays as it is, with a sentence, until the user says
// --continue.
func TestGetContinue(t *testing.T) {
	t.Parallel()
	d := Make(t, "begun", 32<<10, File{Length: 300_000})
	torrent := d.Torrent(t, "")
	seed := StartLibtorrent(t, PeerOptions{Dir: d.Dir, Sources: []string{torrent}})
	dir := t.TempDir()
	content, err := os.ReadFile(filepath.Join(d.Dir, "begun"))
	if err != nil {
		t.Fatal(err)
	}
	begun := filepath.Join(dir, "begun")
	if err := os.WriteFile(begun, content[:100_000], 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"get", torrent, "--loopback", "--dir", dir, "--peer", seed.Addr().String()}
	code, _, sentence := Run(t, args...)
	if code != 1 || !strings.Contains(sentence, `"begun" is there already`) || !strings.Contains(sentence, "With --continue it goes on in them.") {
		t.Errorf("get ends with %d and %q", code, sentence)
	}
	if now, err := os.ReadFile(begun); string(now) != string(content[:100_000]) {
		t.Errorf("what was begun was changed, %v", err)
	}
	code, _, sentence = Run(t, append(args, "--continue")...)
	if code != 0 {
		t.Errorf("get --continue ends with %d and %q", code, sentence)
	}
	d.Compare(t, dir)
}

// While the interface is not there, or the proxy does not answer, get says so.
func TestGetSaysWhyNothingLeaves(t *testing.T) {
	t.Parallel()
	d := Make(t, "waits", 16<<10, File{Length: 20_000})
	for want, flags := range map[string][]string{
		"nowhere0 is gone: nothing leaves":       {"--interface", "nowhere0"},
		"The proxy fails (SOCKS5 127.0.0.1:1), ": {"--proxy", "socks5://127.0.0.1:1", "--no-utp", "--peer", "127.0.0.1:2"},
	} {
		args := append([]string{d.Torrent(t, ""), "--dir", t.TempDir()}, flags...)
		StartGet(t, "", args...).Await(t, d, 20*time.Second, func(l Line) bool { return strings.HasPrefix(l.Way, want) })
	}
}
