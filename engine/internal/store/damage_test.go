package store

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// FuzzFile changes bytes anywhere in the file of a profile with backups: each edit is
// four bytes of where, and one of what. It opens with every torrent, and claims no piece
// that was not recorded.
func FuzzFile(f *testing.F) {
	profile, want := filled(f, 6)
	s, _ := reopen(f, profile)
	must(f, s.Backup(time.Now()))
	must(f, s.Close())
	good, err := os.ReadFile(filepath.Join(profile, "piecewise.db"))
	must(f, err)
	edit := func(at uint32, to byte) []byte { return append(binary.BigEndian.AppendUint32(nil, at), to) }
	f.Add([]byte{})
	f.Add(edit(4, 0xff))
	f.Add(append(edit(16, 9), edit(4096+16, 9)...))
	for page := range uint32(len(good) / 4096) {
		f.Add(append(edit(page*4096+8, 0xff), edit(page*4096+10, 0x7f)...))
	}
	f.Fuzz(func(t *testing.T, edits []byte) {
		data := bytes.Clone(good)
		for ; len(edits) >= 5; edits = edits[5:] {
			data[int(binary.BigEndian.Uint32(edits))%len(data)] = edits[4]
		}
		must(t, os.WriteFile(filepath.Join(profile, "piecewise.db"), data, 0o600))
		s, _, err := Open(profile)
		must(t, err)
		checkRebuilt(t, s, want)
		must(t, s.Close())
		aside, _ := filepath.Glob(filepath.Join(profile, "piecewise.db.*"))
		for _, path := range aside {
			must(t, os.Remove(path))
		}
	})
}

// TestPagesInACircle has pages of the file lead to themselves, which would send bbolt
// around until memory is used up.
func TestPagesInACircle(t *testing.T) {
	profile, want := filled(t, 40)
	path := filepath.Join(profile, "piecewise.db")
	good, err := os.ReadFile(path)
	must(t, err)
	tried := 0
	for page := 2; page < len(good)/4096; page++ {
		p := good[page*4096:]
		if binary.LittleEndian.Uint16(p[8:]) != branchPage {
			continue
		}
		data := bytes.Clone(good)
		binary.LittleEndian.PutUint64(data[page*4096+pageHeader+8:], uint64(page))
		must(t, os.WriteFile(path, data, 0o600))
		s, notice, err := Open(profile)
		must(t, err)
		checkRebuilt(t, s, want)
		must(t, s.Close())
		if notice != "" {
			tried++
		}
	}
	if tried == 0 {
		t.Error("there was no circle")
	}
}

// TestPowerCut cuts the power while the list is written: of the pages that bbolt had
// not synced some are there, some are not, and some are torn. Before the page that
// makes them valid is written the list is the old one, afterwards the new one.
func TestPowerCut(t *testing.T) {
	profile, want := filled(t, 30)
	path := filepath.Join(profile, "piecewise.db")
	random := rand.New(rand.NewPCG(3, 4))
	for round := range 60 {
		before, err := os.ReadFile(path)
		must(t, err)
		s, _ := reopen(t, profile)
		changed := bytes.Clone(want[round%30].Have)
		changed[0] ^= 1 << (round % 8)
		old := want[round%30]
		want[round%30].Have, want[round%30].Downloaded = changed, int64(round)
		must(t, s.Put(want[round%30:round%30+1], nil))
		must(t, s.Close())
		after, err := os.ReadFile(path)
		must(t, err)

		crashed := t.TempDir()
		must(t, os.Mkdir(filepath.Join(crashed, torrents), 0o700))
		cut, whole := cutOff(before, after, random), round%3 == 0
		if whole { // all was synced, and the page that makes it valid was on its way
			cut = bytes.Clone(after)
			copy(cut[:2*4096], before)
			n := random.IntN(2 * 4096 / 512)
			copy(cut[:n*512], after)
		}
		must(t, os.WriteFile(filepath.Join(crashed, "piecewise.db"), cut, 0o600))
		c, notice := reopen(t, crashed)
		got, err := c.Records()
		if err != nil || notice != "" || len(got) != len(want) {
			t.Fatalf("round %d: %d records, %v, %q", round, len(got), err, notice)
		}
		for i, r := range got {
			if !bytes.Equal(encode(r), encode(want[i])) && (i != round%30 || !bytes.Equal(encode(r), encode(old))) {
				t.Errorf("round %d: record %d is neither the old nor the new one", round, i)
			}
		}
		must(t, c.Close())
	}
}

// cutOff returns what a power cut may leave of a write, but for the two pages that
// make it valid: sectors of before and after in any mix.
func cutOff(before, after []byte, random *rand.Rand) []byte {
	out := bytes.Clone(before)
	if len(out) < len(after) {
		out = append(out, make([]byte, len(after)-len(out))...)
	}
	for at := 2 * 4096; at < len(after); at += 512 {
		if random.IntN(2) == 0 {
			copy(out[at:at+512], after[at:])
		}
	}
	return out
}
