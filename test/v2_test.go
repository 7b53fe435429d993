package test

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// made is a torrent that libtorrent has made of content.
type made struct {
	*Data
	torrent string
	v1, v2  string // info hashes, "" for one that it does not have
}

// remake makes a torrent of d with libtorrent: v1, v2 or hybrid.
func remake(t *testing.T, d *Data, version string) *made {
	t.Helper()
	m := &made{torrent: filepath.Join(t.TempDir(), "the.torrent")}
	out, err := Command(t, t.TempDir(), "/usr/bin/python3", script("libtorrent_create.py"), version, fmt.Sprint(d.length),
		filepath.Join(d.Dir, d.Name)).Output()
	if err != nil {
		t.Fatalf("make a %s torrent (apt-get install python3-libtorrent): %v", version, err)
	}
	var got struct{ Torrent, Info string }
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	raw, err1 := hex.DecodeString(got.Torrent)
	info, err2 := hex.DecodeString(got.Info)
	if err := errors.Join(err1, err2, os.WriteFile(m.torrent, raw, 0o644)); err != nil {
		t.Fatal(err)
	}
	if version != "v2" {
		m.v1 = fmt.Sprintf("%x", sha1.Sum(info))
	}
	if version != "v1" {
		m.v2 = fmt.Sprintf("%x", sha256.Sum256(info))
	}
	again := *d
	m.Data = &again
	return m
}

// known is m under the info hash that a source of it names first.
func (m *made) known(hash string) *Data {
	d := *m.Data
	if _, err := hex.Decode(d.Hash[:], []byte(hash[:40])); err != nil {
		panic(err)
	}
	return &d
}

// first is the hash by which the .torrent file is known.
func (m *made) first() string {
	if m.v1 != "" {
		return m.v1
	}
	return m.v2
}

// source is how a client gets to know the torrent, and under which hash.
type source struct{ name, text, hash string }

func (m *made) sources() []source {
	all := []source{{"torrent", m.torrent, m.first()}}
	if m.v1 != "" {
		all = append(all, source{"v1 magnet", "magnet:?xt=urn:btih:" + m.v1, m.v1})
	}
	if m.v2 != "" {
		all = append(all, source{"v2 magnet", "magnet:?xt=urn:btmh:1220" + m.v2, m.v2})
	}
	if m.v1 != "" && m.v2 != "" {
		all = append(all, source{"both magnets", "magnet:?xt=urn:btih:" + m.v1 + "&xt=urn:btmh:1220" + m.v2, m.v1})
	}
	return all
}

// contents are one file, and several: an empty one, one smaller than a block, one
// of exactly a piece, and some of several pieces.
func contents(t *testing.T) []*Data {
	return []*Data{
		Make(t, "one file.bin", 64<<10, File{Length: 40*64<<10 + 12345}),
		Make(t, "several files", 32<<10, File{"a.bin", 300_000}, File{"b/empty", 0}, File{"b/tiny", 5},
			File{"c piece", 32 << 10}, File{"d/large.bin", 1_500_000}, File{"z last", 16<<10 + 1}),
		Make(t, "one block", 16<<10, File{Length: 1000}),
		Make(t, "empty ends", 16<<10, File{"a", 0}, File{"b", 70_000}, File{"c", 0}),
		Make(t, "many pieces", 16<<10, File{"a", 600 * 16 << 10}, File{"b", 3 * 16 << 10}),
	}
}

// TestVersions moves torrents of all versions from libtorrent to us and back, by
// .torrent and by magnet.
func TestVersions(t *testing.T) {
	t.Parallel()
	all := contents(t)
	for _, version := range []string{"v1", "v2", "hybrid"} {
		for _, d := range all {
			m := remake(t, d, version)
			for _, s := range m.sources() {
				name := version + ", " + d.Name + ", " + s.name
				t.Run("from libtorrent: "+name, func(t *testing.T) { fromLibtorrent(t, m, s) })
				t.Run("to libtorrent: "+name, func(t *testing.T) { toLibtorrent(t, m, s) })
			}
		}
	}
}

func fromLibtorrent(t *testing.T, m *made, s source) {
	t.Parallel()
	seed := StartLibtorrent(t, PeerOptions{Dir: m.Dir, Sources: []string{m.torrent}})
	dir := t.TempDir()
	get := StartGet(t, "", s.text, "--dir", dir, "--peer", seed.Addr().String())
	get.Finish(t, time.Minute, m.known(s.hash))
	m.Compare(t, dir)
}

func toLibtorrent(t *testing.T, m *made, s source) {
	t.Parallel()
	get := StartGet(t, "", m.torrent, "--dir", m.Dir, "--seed")
	d := m.known(m.first())
	get.Await(t, d, 30*time.Second, func(l Line) bool { return l.State == "seeding" })
	dir := t.TempDir()
	leech := StartLibtorrent(t, PeerOptions{Dir: dir, Sources: []string{s.text}, Connect: get.Addr})
	leech.Await(t, d, time.Minute)
	m.Compare(t, dir)
	if code := get.Interrupt(t); code != 0 && code != 130 {
		t.Errorf("get ended with %d", code)
	}
}

// TestVersionsAmongUs moves a v2 torrent from one of ours to another by magnet, and
// from that one, whose hashes came from peers, to a third.
func TestVersionsAmongUs(t *testing.T) {
	t.Parallel()
	for _, d := range contents(t) {
		for _, version := range []string{"v2", "hybrid"} {
			m := remake(t, d, version)
			t.Run(version+", "+d.Name, func(t *testing.T) {
				t.Parallel()
				first := StartGet(t, "", m.torrent, "--dir", m.Dir, "--seed")
				first.Await(t, m.known(m.first()), 30*time.Second, func(l Line) bool { return l.State == "seeding" })
				dir := t.TempDir()
				magnet := "magnet:?xt=urn:btmh:1220" + m.v2
				second := StartGet(t, "", magnet, "--dir", dir, "--seed", "--peer", first.Addr.String())
				second.Await(t, m.known(m.v2), 30*time.Second, func(l Line) bool { return l.State == "seeding" })
				m.Compare(t, dir)
				first.Interrupt(t)
				dir = t.TempDir()
				third := StartGet(t, "", magnet, "--dir", dir, "--peer", second.Addr.String())
				third.Finish(t, time.Minute, m.known(m.v2))
				m.Compare(t, dir)
			})
		}
	}
}

// TestVerifyVersions finds a wrong byte in data of all versions.
func TestVerifyVersions(t *testing.T) {
	t.Parallel()
	d := Make(t, "to verify, v2", 32<<10, File{"a", 100_000}, File{"empty", 0}, File{"tiny", 5})
	for _, version := range []string{"v1", "v2", "hybrid"} {
		m := remake(t, d, version)
		if code, out, errs := Run(t, "verify", m.torrent, "--dir", d.Dir); code != 0 {
			t.Errorf("%s: exit code %d, %q", version, code, out+errs)
		}
		path := filepath.Join(d.Dir, d.Name, "tiny")
		right, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, content := range [][]byte{append([]byte{right[0] + 1}, right[1:]...), right} {
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
			want := 0
			if content[0] != right[0] {
				want = 1
			}
			if code, out, errs := Run(t, "verify", m.torrent, "--dir", d.Dir); code != want || want == 1 && !strings.Contains(errs, "1 of") {
				t.Errorf("%s: exit code %d, want %d, %q", version, code, want, out+errs)
			}
		}
	}
}
