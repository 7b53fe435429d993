package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// many is a record with the stamps of many files.
func many(n, files int) Record {
	r, _ := torrent(n)
	r.Stamps = nil
	for i := range files {
		r.Stamps = append(r.Stamps, Stamp{int64(i), int64(n), uint64(i)})
	}
	return r
}

// TestStampsApart puts, changes and removes torrents of many files, and wants to read
// what was put, with nothing left of what is gone.
func TestStampsApart(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "p")
	s, _ := reopen(t, profile)
	want := []Record{many(1, stampsApart), many(2, stampsApart+1), many(4, 5*stampsEach+1)}
	check := func() {
		t.Helper()
		must(t, s.Close())
		notice := ""
		s, notice = reopen(t, profile)
		got, err := s.Records()
		sorted := slices.Clone(want)
		sortRecords(sorted)
		if err != nil || notice != "" || !reflect.DeepEqual(got, sorted) {
			t.Fatalf("%v %q\n got %+v\nwant %+v", err, notice, got, sorted)
		}
		values := 0
		must(t, s.view(func(tx *bolt.Tx) error {
			return tx.Bucket(bucketStamps).ForEach(func(_, _ []byte) error { values++; return nil })
		}))
		for _, r := range want {
			values -= partsOf(len(r.Stamps))
		}
		if values != 0 {
			t.Errorf("%d values more than there should be", values)
		}
	}
	must(t, s.Put(want, nil))
	check()
	want[2].Stamps = slices.Clone(want[2].Stamps)
	want[2].Stamps[5*stampsEach].Time++
	must(t, s.Put(want[2:], nil))
	check()
	want[1], want[2] = many(2, 3*stampsEach), many(4, 3)
	must(t, s.Put(want, nil))
	check()
	must(t, s.Put(nil, [][20]byte{want[1].ID}))
	want = slices.Delete(want, 1, 2)
	check()
}

// TestStampsOfFourth reads a record of the fourth version, which has all stamps in it,
// and writes it anew.
func TestStampsOfFourth(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "p")
	s, _ := reopen(t, profile)
	want := many(6, 1000)
	must(t, s.update(func(tx *bolt.Tx) error {
		short := want
		short.Stamps = nil
		whole := encode(short)
		tail := 16 + 20 + 32 + 1 + 24 // what is behind the stamps
		at := len(whole) - tail - 4
		fourth := append([]byte{4}, whole[1:at]...)
		fourth = binary.BigEndian.AppendUint32(fourth, uint32(len(want.Stamps)))
		for _, st := range want.Stamps {
			fourth = appendStamp(fourth, st)
		}
		fourth = append(fourth, whole[at+4:]...)
		meta := tx.Bucket(bucketMeta)
		must(t, tx.Bucket(bucketTorrents).Put(want.ID[:], seal(fourth)))
		must(t, meta.Put(keyVersion, []byte{0, 0, 0, 4}))
		return meta.Put(keyCount, []byte{0, 0, 0, 1})
	}))
	for range 2 {
		must(t, s.Close())
		notice := ""
		s, notice = reopen(t, profile)
		got, err := s.Records()
		if err != nil || notice != "" || len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Fatalf("%v %q %+v", err, notice, got)
		}
		must(t, s.Put(got, nil))
	}
	must(t, s.view(func(tx *bolt.Tx) error {
		if n := len(tx.Bucket(bucketTorrents).Get(want.ID[:])); n > 4096 {
			t.Errorf("the record has %d bytes", n)
		}
		return nil
	}))
}

// TestStampsAreAnothers puts the stamps of one torrent, or of other files, where those
// of a torrent should be: the list is rebuilt, and nothing is believed.
func TestStampsAreAnothers(t *testing.T) {
	for name, spoil := range map[string]func(b *bolt.Bucket, a, o [20]byte) error{
		"of another torrent": func(b *bolt.Bucket, a, o [20]byte) error {
			return b.Put(stampsKey(a, 0), bytes.Clone(b.Get(stampsKey(o, 0))))
		},
		"of other files": func(b *bolt.Bucket, a, _ [20]byte) error {
			return b.Put(stampsKey(a, 1), bytes.Clone(b.Get(stampsKey(a, 0))))
		},
		"gone": func(b *bolt.Bucket, a, _ [20]byte) error { return b.Delete(stampsKey(a, 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			profile := filepath.Join(t.TempDir(), "p")
			s, _ := reopen(t, profile)
			a, b := many(1, 3*stampsEach), many(2, 3*stampsEach)
			for i, r := range []*Record{&a, &b} {
				_, raw := torrent(i + 1)
				must(t, s.SaveMetainfo(*r, raw))
			}
			must(t, s.Put([]Record{a, b}, nil))
			must(t, s.update(func(tx *bolt.Tx) error { return spoil(tx.Bucket(bucketStamps), a.ID, b.ID) }))
			must(t, s.Close())
			s, notice := reopen(t, profile)
			got, err := s.Records()
			must(t, err)
			if notice == "" || len(got) != 2 || !got[0].Recheck || !got[1].Recheck {
				t.Errorf("%q %+v", notice, got)
			}
		})
	}
}

// TestKept removes torrents, and wants what was kept of them.
func TestKept(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "p")
	s, _ := reopen(t, profile)
	few, lots, large := many(1, 3), many(2, 1000), many(4, keptEach/stampBytes)
	must(t, s.Put([]Record{few, lots, large}, nil))
	for _, r := range []Record{few, lots, large} {
		must(t, s.Remove(r.ID, &r))
	}
	must(t, s.Close())
	s, notice := reopen(t, profile)
	if list, err := s.Records(); err != nil || len(list) != 0 || notice != "" {
		t.Errorf("%v %q %+v", err, notice, list)
	}
	for _, r := range []Record{few, lots} {
		if got, ok, err := s.Kept(r.ID); err != nil || !ok || !reflect.DeepEqual(got, r) {
			t.Errorf("%v %v\n got %+v\nwant %+v", ok, err, got, r)
		}
	}
	if ids, err := s.KeptIDs(); err != nil || len(ids) != 2 {
		t.Errorf("%d are kept, %v", len(ids), err)
	}
	must(t, s.Remove(few.ID, nil))
	if _, ok, err := s.Kept(few.ID); ok || err != nil {
		t.Errorf("kept though its files are gone: %v", err)
	}
}

// TestKeptIsBounded keeps more than there is room for: the oldest go.
func TestKeptIsBounded(t *testing.T) {
	s, _ := reopen(t, filepath.Join(t.TempDir(), "p"))
	s.db.NoSync = true
	var all []Record
	for i := range 20 {
		all = append(all, many(i, 1<<20/stampBytes-200)) // a megabyte
		must(t, s.Remove(all[i].ID, &all[i]))
	}
	ids, err := s.KeptIDs()
	must(t, err)
	if len(ids) < 7 || len(ids) > 8 {
		t.Errorf("%d are kept", len(ids))
	}
	for i, r := range all {
		if got := slices.Contains(ids, r.ID); got != (i >= len(all)-len(ids)) {
			t.Errorf("number %d of %d is kept: %v", i, len(all), got)
		}
	}
	for i := range keptMost + 5 {
		r := Record{ID: [20]byte{0xff, byte(i >> 8), byte(i)}}
		must(t, s.Remove(r.ID, &r))
	}
	if ids, err = s.KeptIDs(); err != nil || len(ids) > keptMost {
		t.Errorf("%d are kept, %v", len(ids), err)
	}
}

// BenchmarkPutManyFiles saves a torrent of 50,000 files, of which few were written to
// since: what the file system is given each time is the figure that matters.
func BenchmarkPutManyFiles(b *testing.B) {
	s, _ := reopen(b, filepath.Join(b.TempDir(), "p"))
	r := many(1, 50_000)
	must(b, s.Put([]Record{r}, nil))
	before, n := written(b), 0
	for b.Loop() {
		r.Stamps = slices.Clone(r.Stamps)
		for i := range 20 {
			r.Stamps[n*20%40_000+i].Time++
		}
		n++
		must(b, s.Put([]Record{r}, nil))
	}
	b.ReportMetric(float64(written(b)-before)/float64(n), "written-B/op")
}

// written returns how many bytes the process has given to write calls.
func written(b *testing.B) (bytes int64) {
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		b.Skip("the system does not tell what was written")
	}
	_, rest, _ := strings.Cut(string(text), "wchar: ")
	_, err = fmt.Sscan(rest, &bytes)
	must(b, err)
	return bytes
}
