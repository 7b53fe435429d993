package store

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/shirou/gopsutil/v4/host"
)

// Alive remembers in a file of the profile when a torrent's file was written last.
// It outlives the process but not a power cut, for it never waits for the disk. So
// after kill -9 what we wrote can be told from what another program changed later.
type Alive struct {
	file *os.File // nil if it could not be made
	last atomic.Int64
}

const (
	aliveName = "alive"
	aliveBoot = 64 // bytes of the file that say which start of the system it is of; the time follows
)

// aliveTick is how far the time is set ahead, so that it is written seldom. What
// another program changes within it after our end is taken for ours.
const aliveTick = 2 * time.Millisecond

// Wrote notes that a file is about to be written, or was just now. Any goroutine may
// call it; it waits for no disk. Nil notes nothing.
func (a *Alive) Wrote() {
	if a == nil || a.file == nil {
		return
	}
	now := time.Now().UnixNano()
	last := a.last.Load()
	if now < last || !a.last.CompareAndSwap(last, now+int64(aliveTick)) {
		return
	}
	// Without it more is hashed than must be after a crash, and nothing worse.
	_, _ = a.file.WriteAt(binary.BigEndian.AppendUint64(nil, uint64(now)+uint64(aliveTick)), aliveBoot)
}

// bootID names this start of the system, "" if it is not known.
func bootID() string {
	if id, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		return strings.TrimSpace(string(id))
	}
	seconds, err := host.BootTime()
	if err != nil {
		return ""
	}
	return strconv.FormatUint(seconds, 10)
}

// begin makes the file anew.
func (a *Alive) begin(profile, boot string) {
	f, err := os.OpenFile(filepath.Join(profile, aliveName), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return // see Wrote
	}
	head := make([]byte, aliveBoot+8)
	copy(head[:aliveBoot], boot)
	if _, err := f.Write(head); err == nil {
		a.file = f
	}
}

func (a *Alive) close() {
	if a.file != nil {
		_ = a.file.Close() // nothing in it is lost by that
	}
}

// lastWrote returns when the program that had the profile before wrote last; ok is
// false if the system was started since, or nothing is known: then it may have been
// later.
func lastWrote(profile, boot string) (t time.Time, ok bool) {
	data, err := os.ReadFile(filepath.Join(profile, aliveName))
	if err != nil || len(data) != aliveBoot+8 || boot == "" || strings.TrimRight(string(data[:aliveBoot]), "\x00") != boot {
		return time.Time{}, false
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(data[aliveBoot:]))), true
}

// unknownMax is for how long after a record files may have been written, if the last
// write is not known. While blocks come there is a record at least every 20 seconds.
const unknownMax = time.Minute

// wrote returns until when files may have been written that were live at a record.
func wrote(live, last time.Time, known bool) time.Time {
	switch {
	case !known:
		return live.Add(unknownMax)
	case last.Before(live):
		return live
	}
	return last.Truncate(time.Microsecond).Add(time.Microsecond).UTC()
}

// noteCrash writes into the records of torrents that were live when the program ended
// until when their files may have been written.
func (s *Store) noteCrash(boot string) error {
	last, known := lastWrote(s.profile, boot)
	records, err := s.known()
	if err != nil {
		return err
	}
	var crashed []Record
	for _, r := range records {
		if !r.Live.IsZero() && r.Wrote.IsZero() {
			r.Wrote = wrote(r.Live, last, known)
			crashed = append(crashed, r)
		}
	}
	if len(crashed) == 0 {
		return nil
	}
	return s.Put(crashed, nil)
}
