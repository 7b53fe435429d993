package store

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"go/build"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

func TestImports(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pkg.Imports {
		library := strings.HasPrefix(path, "github.com/anacrolix/") && !strings.HasSuffix(path, "/bencode")
		if library || strings.HasPrefix(path, "fyne.io/") || strings.HasPrefix(path, "piecewise/") {
			t.Errorf("store must not import %s", path)
		}
	}
}

// torrent makes the n-th record and its .torrent file, keys out of order and
// unknown ones included.
func torrent(n int) (Record, []byte) {
	pieces := strings.Repeat("0123456789abcdefghij", 1+n%900)
	info := fmt.Sprintf("d6:lengthi%de4:name7:t %05d12:piece lengthi16384e6:pieces%d:%s1:xi-1ee", 16384*(1+n%900), n, len(pieces), pieces)
	raw := "d8:announce19:http://127.0.0.1/a/7:comment3:abc4:info" + info + "e"
	count, priorities := 1+n%900, []byte{0, 1, 2}
	if n == 3 { // more than a page
		priorities = make([]byte, 20000)
	}
	stamps := []Stamp{{Size: -1}, {int64(n) << 33, 1700000000123456789, 7}}
	if n%5 == 2 { // too many to be in the record
		for i := range stampsApart + n*7 {
			stamps = append(stamps, Stamp{int64(i), int64(n), uint64(i * n)})
		}
	}
	return Record{
		ID: sha1.Sum([]byte(info)), Name: fmt.Sprintf("t %05d", n), Dir: "/home/me/Ä \xff" + fmt.Sprint(n),
		Added: time.Unix(1700000000+int64(n/2), 0).UTC(), Have: bytes.Repeat([]byte{0xa5}, (count+7)/8), Pieces: count,
		Priorities: priorities, Downloaded: int64(n) << 33, Uploaded: 7, Foreign: []int{0, 3},
		Trackers: [][]string{{"http://127.0.0.1/a/"}, {"udp://127.0.0.1:1", "x"}}, Paused: n%3 == 0, Options: bytes.Repeat([]byte{'o'}, n%5*9+1),
		Title: fmt.Sprint("titled ", n), Names: map[int]string{0: fmt.Sprint("a/b", n), 7: "\xff"}, Final: "/final", Moving: "/moving",
		Stamps: stamps, Live: time.Unix(1700000000, 5000).UTC(), Wrote: time.Unix(1700000003, 0).UTC(),
		Outline: Outline{HashV1: [20]byte{byte(n)}, HashV2: [32]byte{7}, Private: n%2 == 0, Size: int64(n) << 34, Wanted: 3, There: 2},
	}, []byte(raw)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func reopen(t testing.TB, profile string) (*Store, string) {
	t.Helper()
	s, notice, err := Open(profile)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s, notice
}

// filled makes a profile with n torrents, written in several transactions so
// that the file has free pages too.
func filled(t testing.TB, n int) (profile string, want []Record) {
	t.Helper()
	profile = filepath.Join(t.TempDir(), "profile")
	s, notice := reopen(t, profile)
	if notice != "" {
		t.Errorf("notice of a new profile: %q", notice)
	}
	var magnet Record
	magnet.ID[0], magnet.Magnet, magnet.Added = 1, "magnet:?xt=urn:btih:x", time.Unix(1, 0).UTC()
	must(t, s.Put([]Record{magnet}, nil))
	for i := range n {
		r, raw := torrent(i)
		must(t, s.SaveMetainfo(r, raw))
		must(t, s.Put([]Record{r}, [][20]byte{magnet.ID}))
		want = append(want, r)
	}
	must(t, s.PutSettings(map[string]int{"a": 1}))
	must(t, s.Close())
	sortRecords(want)
	return profile, want
}

func TestRoundTrip(t *testing.T) {
	profile, want := filled(t, 25)
	s, notice := reopen(t, profile)
	got, err := s.Records()
	if err != nil || notice != "" || !reflect.DeepEqual(got, want) {
		t.Errorf("records differ: %v, %q\n got %+v\nwant %+v", err, notice, got, want)
	}
	settings := map[string]int{}
	if err := s.Settings(&settings); err != nil || settings["a"] != 1 {
		t.Errorf("settings = %v, %v", settings, err)
	}
	must(t, s.Put(nil, [][20]byte{want[0].ID, {9}}))
	must(t, s.DropMetainfo(want[0].ID))
	must(t, s.DropMetainfo(want[0].ID))
	must(t, s.Close())
	s, notice = reopen(t, profile)
	if got, err = s.Records(); err != nil || len(got) != 24 || notice != "" {
		t.Errorf("%d records after removing one, %v, %q", len(got), err, notice)
	}
	if _, err := s.Metainfo(want[0].ID); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("dropped metainfo: %v", err)
	}
}

func TestMetainfo(t *testing.T) {
	s, _ := reopen(t, t.TempDir())
	r, raw := torrent(5)
	must(t, s.SaveMetainfo(r, append(raw, '\n')))
	got, err := s.Metainfo(r.ID)
	must(t, err)
	info := raw[bytes.Index(raw, []byte("4:info"))+6 : len(raw)-1]
	for _, part := range [][]byte{info, []byte("8:announce19:http://127.0.0.1/a/"), []byte("9:piecewised5:added"), []byte("7:comment3:abc")} {
		if !bytes.Contains(got, part) {
			t.Errorf("%q is not in the saved file %q", part, got)
		}
	}
	stat, err := os.Stat(s.metainfoPath(r.ID))
	if err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", stat.Mode(), err)
	}
	r.ID[0]++
	if err := s.SaveMetainfo(r, raw); err == nil {
		t.Error("saved the metainfo of another torrent")
	}
	for _, bad := range []string{"", "d", "le", "i1e", "d4:infoi1e", "d4:info99999999999:e", strings.Repeat("l", 1000)} {
		if err := s.SaveMetainfo(r, []byte(bad)); err == nil {
			t.Errorf("saved %q", bad)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(s.profile, "torrents", "*")); len(left) != 1 {
		t.Errorf("files: %q", left)
	}
}

func TestInUse(t *testing.T) {
	profile, _ := filled(t, 1)
	s, _ := reopen(t, profile)
	if _, _, err := Open(profile); !errors.Is(err, ErrInUse) {
		t.Errorf("a second Open = %v", err)
	}
	must(t, s.Put(nil, nil))
}

// TestDamage damages the file and wants every torrent back, the settings and
// the file set aside.
func TestDamage(t *testing.T) {
	profile, want := filled(t, 12)
	path := filepath.Join(profile, "piecewise.db")
	good, err := os.ReadFile(path)
	must(t, err)
	edit := func(f func(*bolt.Tx) error) []byte {
		must(t, os.WriteFile(path, good, 0o600))
		db, err := bolt.Open(path, 0o600, nil)
		must(t, err)
		must(t, db.Update(f))
		must(t, db.Close())
		b, err := os.ReadFile(path)
		must(t, err)
		return b
	}
	for name, c := range map[string]struct {
		data   []byte
		aside  string
		notice string
	}{
		"garbage":  {bytes.Repeat([]byte("garbage "), 3000), "bad", "was damaged"},
		"short":    {[]byte("x"), "bad", "was damaged"},
		"zeros":    {make([]byte, len(good)), "bad", "was damaged"},
		"no pages": {good[:8192], "bad", "was damaged"},
		"newer": {edit(func(tx *bolt.Tx) error {
			return tx.Bucket(bucketMeta).Put(keyVersion, binary.BigEndian.AppendUint32(nil, fileVersion+1))
		}), "newer", "newer version of Piecewise"},
		"record lost": {edit(func(tx *bolt.Tx) error {
			return tx.Bucket(bucketTorrents).Delete(want[3].ID[:])
		}), "bad", "was damaged"},
		"record under another ID": {edit(func(tx *bolt.Tx) error {
			b := tx.Bucket(bucketTorrents)
			return b.Put(want[3].ID[:], b.Get(want[4].ID[:]))
		}), "bad", "was damaged"},
		"empty": {nil, "", "was missing"},
	} {
		t.Run(name, func(t *testing.T) {
			must(t, os.WriteFile(path, c.data, 0o600))
			s, notice := reopen(t, profile)
			if !strings.Contains(notice, c.notice) || !strings.Contains(notice, "Its 12 torrents") {
				t.Errorf("notice = %q", notice)
			}
			aside, _ := filepath.Glob(path + ".*")
			if (len(aside) == 1) != (c.aside != "") || c.aside != "" && !strings.HasPrefix(aside[0], path+"."+c.aside+"-") {
				t.Errorf("set aside: %q", aside)
			}
			for _, a := range aside {
				if kept, _ := os.ReadFile(a); !bytes.Equal(kept, c.data) || !strings.Contains(notice, a) {
					t.Errorf("%s was changed or is not named in %q", a, notice)
				}
				os.Remove(a)
			}
			checkRebuilt(t, s, want)
			all, err := s.Records()
			for _, r := range all {
				if err != nil || !r.Recheck {
					t.Errorf("%s would be believed unchecked, %v", r.Name, err)
				}
			}
			if settings := map[string]int{}; strings.HasPrefix(name, "record") {
				if err := s.Settings(&settings); err != nil || settings["a"] != 1 {
					t.Errorf("settings that could be read were lost: %v, %v", settings, err)
				}
			} else if c.aside != "" && !strings.Contains(notice, "settings are back") && name != "newer" {
				t.Errorf("notice = %q", notice)
			}
			must(t, s.Close())
			if _, notice := reopen(t, profile); notice != "" {
				t.Errorf("notice of the next start: %q", notice)
			}
		})
	}
}

func checkRebuilt(t *testing.T, s *Store, want []Record) {
	t.Helper()
	got, err := s.Records()
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d records, %v", len(got), err)
	}
	for i, r := range got {
		w := want[i]
		if r.ID != w.ID || r.Dir != w.Dir || !r.Added.Equal(w.Added) || r.Pieces != w.Pieces || r.Name != w.Name ||
			r.Paused != w.Paused || !reflect.DeepEqual(r.Foreign, w.Foreign) || !reflect.DeepEqual(r.Names, w.Names) ||
			r.Title != w.Title || r.Final != w.Final || r.Moving != w.Moving || len(r.Trackers) == 0 {
			t.Errorf("record %d:\n got %+v\nwant %+v", i, r, w)
		}
		if !r.Recheck && !bytes.Equal(r.Have, w.Have) {
			t.Errorf("record %d claims pieces that were never verified", i)
		}
	}
}

// TestEveryDamage flips bytes in all pages and cuts the file at many lengths.
func TestEveryDamage(t *testing.T) {
	profile, want := filled(t, 40)
	path := filepath.Join(profile, "piecewise.db")
	good, err := os.ReadFile(path)
	must(t, err)
	rng := rand.New(rand.NewPCG(1, 2))
	seen := 0
	try := func(data []byte) {
		t.Helper()
		must(t, os.WriteFile(path, data, 0o600))
		s, notice, err := Open(profile)
		must(t, err)
		checkRebuilt(t, s, want)
		if notice != "" {
			seen++
		}
		if rng.IntN(4) > 0 { // the rest waits for the disk
			must(t, s.Close())
			return
		}
		if err := s.Put(want[:1], nil); err != nil && !errors.Is(err, errDamaged) {
			t.Error(err)
		}
		must(t, s.Close())
		s, _, err = Open(profile)
		must(t, err)
		checkRebuilt(t, s, want)
		must(t, s.Close())
	}
	for page := 0; page < len(good); page += 4096 {
		for i := range 12 {
			data, at := bytes.Clone(good), page+rng.IntN(4096)
			if i < 7 {
				at = page + rng.IntN(80) // where the headers are
			}
			data[at] ^= byte(1 + rng.IntN(255))
			try(data)
		}
	}
	for i := range 40 {
		try(good[:len(good)*i/40])
	}
	if seen < 80 {
		t.Errorf("only %d damages were noticed", seen)
	}
	t.Logf("%d damages in %d pages were noticed", seen, len(good)/4096)
}

// TestCopiedMeanwhile takes the file as it is on disk between the calls, as a
// crash leaves it.
func TestCopiedMeanwhile(t *testing.T) {
	profile, want := filled(t, 12)
	s, _ := reopen(t, profile)
	for i := range 20 {
		r := want[i%12]
		r.Downloaded = int64(i)
		must(t, s.Put([]Record{r}, nil))
		data, err := os.ReadFile(s.path())
		must(t, err)
		crashed := t.TempDir()
		must(t, os.WriteFile(filepath.Join(crashed, "piecewise.db"), data, 0o600))
		c, notice := reopen(t, crashed)
		got, err := c.Records()
		if err != nil || notice != "" || len(got) != 12 || got[i%12].Downloaded != int64(i) {
			t.Fatalf("after put %d: %v, %q", i, err, notice)
		}
		must(t, c.Close())
	}
}

func TestInterruptedSave(t *testing.T) {
	profile, want := filled(t, 2)
	left := filepath.Join(profile, "torrents", "1234.tmp")
	must(t, os.WriteFile(left, []byte("half"), 0o600))
	must(t, os.WriteFile(s0(profile, want[0].ID), []byte("damaged"), 0o600))
	must(t, os.Remove(filepath.Join(profile, "piecewise.db")))
	s, notice := reopen(t, profile)
	if got, err := s.Records(); err != nil || len(got) != 1 || got[0].ID != want[1].ID {
		t.Errorf("records = %+v, %v", got, err)
	}
	if !strings.Contains(notice, "One torrent was found again") {
		t.Errorf("notice = %q", notice)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("a temporary file was left")
	}
}

func s0(profile string, id [20]byte) string { return (&Store{profile: profile}).metainfoPath(id) }

func FuzzRecord(f *testing.F) {
	for n := range 3 {
		r, _ := torrent(n * 7)
		f.Add(encode(r))
	}
	f.Add(encode(Record{Magnet: "magnet:?", Recheck: true, Finished: time.Unix(9, 0)}))
	f.Add(encode(Record{Options: []byte("{}")}))
	f.Add(encode(Record{Names: map[int]string{3: "x"}, Stamps: []Stamp{{-1, -1, 1}}}))
	f.Add(encode(Record{Stamps: make([]Stamp, stampsApart+1)}))
	f.Add([]byte{recordVersion})
	f.Add(firstRecord)
	f.Add(secondRecord)
	f.Add(thirdRecord)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, apart, err := decode(data)
		if err != nil {
			return
		}
		if version := data[0]; version < 5 && len(r.Stamps) > stampsApart {
			return // they would be apart now
		}
		if apart > 0 {
			r.Stamps = make([]Stamp, apart)
		}
		missing := []int{1: 117, 2: 113, 3: 77, 4: 0, recordVersion: 0} // zeros that it ends before
		data = append(append([]byte{recordVersion}, data[1:]...), make([]byte, missing[data[0]])...)
		if !bytes.Equal(encode(r), data) {
			t.Errorf("%+v is encoded as %x, not %x", r, encode(r), data)
		}
	})
}

// firstRecord is what the first version of the program made of its record.
var firstRecord, _ = hex.DecodeString("010102030000000000000000000000000000000000000000016e000000022f6400" +
	"060a24181e400000060a24182d824001000000016600000001a00000000300000002000200000000000000040000000000000005" +
	"0000000100000001000000010000000100000009687474703a2f2f742f000000016d01")

// secondRecord is what the second version made of the same, with options.
var secondRecord = append(append([]byte{2}, firstRecord[1:]...), 0, 0, 0, 2, '{', '}')

// thirdRecord is what the third version made of that, with a name.
var thirdRecord = append(append(append([]byte{3}, secondRecord[1:]...), 0, 0, 0, 1, 't'), make([]byte, 32)...)

// TestOlderVersions opens profiles that older versions made, and writes to them.
func TestOlderVersions(t *testing.T) {
	for version, c := range map[byte]struct {
		record, options []byte
		title           string
	}{1: {firstRecord, nil, ""}, 2: {secondRecord, []byte("{}"), ""}, 3: {thirdRecord, []byte("{}"), "t"}} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			testOlderVersion(t, version, c.record, Record{Options: c.options, Title: c.title})
		})
	}
}

func testOlderVersion(t *testing.T, version byte, record []byte, new Record) {
	profile := filepath.Join(t.TempDir(), "profile")
	s, _ := reopen(t, profile)
	want := Record{
		ID: [20]byte{1, 2, 3}, Name: "n", Dir: "/d", Added: time.Unix(1700000000, 0).UTC(), Finished: time.Unix(1700000001, 0).UTC(),
		Paused: true, Fault: "f", Have: []byte{0xa0}, Pieces: 3, Priorities: []byte{0, 2}, Downloaded: 4, Uploaded: 5,
		Foreign: []int{1}, Trackers: [][]string{{"http://t/"}}, Magnet: "m", Recheck: true, Options: new.Options, Title: new.Title,
	}
	must(t, s.update(func(tx *bolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		return errors.Join(
			tx.Bucket(bucketTorrents).Put(want.ID[:], seal(record)),
			meta.Put(keyCount, []byte{0, 0, 0, 1}), meta.Put(keyVersion, []byte{0, 0, 0, version}),
		)
	}))
	must(t, s.Close())
	s, notice := reopen(t, profile)
	got, err := s.Records()
	must(t, err)
	if notice != "" || len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("%q, %+v", notice, got)
	}
	want.Options, want.Title, want.Names, want.Stamps = []byte("{}"), "mine", map[int]string{1: "b"}, []Stamp{{1, 2, 3}}
	want.Outline = Outline{HashV1: want.ID, Size: 9}
	must(t, s.Put([]Record{want}, nil))
	must(t, s.view(func(tx *bolt.Tx) error {
		if v := tx.Bucket(bucketMeta).Get(keyVersion); !bytes.Equal(v, []byte{0, 0, 0, fileVersion}) {
			t.Errorf("version %x, which the older program would misread", v)
		}
		return nil
	}))
	must(t, s.Close())
	s, _ = reopen(t, profile)
	if got, err = s.Records(); err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestRelocate renames a torrent, and wants the saved .torrent file to know.
func TestRelocate(t *testing.T) {
	profile, want := filled(t, 1)
	s, _ := reopen(t, profile)
	r := want[0]
	r.Dir, r.Title, r.Names, r.Final, r.Moving = "/new", "new", map[int]string{0: "x/y"}, "", ""
	must(t, s.Relocate(r))
	must(t, s.Relocate(Record{ID: [20]byte{9}}))
	must(t, s.Close())
	must(t, os.Remove(filepath.Join(profile, "piecewise.db")))
	s, _ = reopen(t, profile)
	checkRebuilt(t, s, []Record{r})
}

func BenchmarkPut(b *testing.B) {
	profile, want := filled(b, 1000)
	s, _ := reopen(b, profile)
	for b.Loop() {
		must(b, s.Put(want[:50], nil))
	}
}

func BenchmarkOpen(b *testing.B) {
	profile, _ := filled(b, 1000)
	for b.Loop() {
		s, _ := reopen(b, profile)
		must(b, s.Close())
	}
}

// TestRecordsAfterOpen wants those of now, not those that Open has read, and each caller
// to have its own.
func TestRecordsAfterOpen(t *testing.T) {
	profile, want := filled(t, 20)
	s, _ := reopen(t, profile)
	want[3].Uploaded++
	must(t, s.Put(want[3:4], nil))
	for range 2 {
		got, err := s.Records()
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Fatal("after a change other records are read")
		}
	}
	must(t, s.Close())

	s, _ = reopen(t, profile)
	for range 2 {
		got, err := s.Records()
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Fatal("at the next start other records are read")
		}
		got[0].Name = "the caller's"
	}
}
