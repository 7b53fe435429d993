package disk

import (
	"os"
	"time"
)

// Stamp tells whether a file was changed.
type Stamp struct {
	Size int64  // bytes; -1 if there is no file
	Time int64  // of its last change, Unix time in nanoseconds
	Node uint64 // its number in the file system; 0 is not known
}

// stampOf returns the stamp of what is in a file's place, nil for nothing.
func stampOf(info os.FileInfo) Stamp {
	if info == nil {
		return Stamp{Size: -1}
	}
	return Stamp{info.Size(), info.ModTime().UnixNano(), node(info)}
}

// Span is the time, in Unix nanoseconds, in which we may have written to files after
// their stamps were recorded. The zero value is none.
type Span struct{ From, To int64 }

// Verdict says what became of a file since its stamp was recorded.
type Verdict uint8

// The verdicts.
const (
	Same     Verdict = iota
	Written          // by us: all that was recorded of it is still right
	Edited           // another program has changed it, or taken it away
	Replaced         // another program has put a file there, which is not ours
)

// Compare says what became of a file whose stamp was s and is now. It is unfinished
// if we had something to write to it, which we may have done within own. A number
// alone says nothing, for not all file systems keep them.
func (s Stamp) Compare(now Stamp, unfinished bool, own Span) Verdict {
	switch {
	case s.Size == now.Size && (s.Time == now.Time || now.Size < 0):
		return Same
	case now.Size < 0:
		return Edited
	case unfinished && own.covers(s, now):
		return Written
	case s.Size < 0, s.other(now):
		return Replaced
	}
	return Edited
}

// other reports whether both numbers are known and differ.
func (s Stamp) other(now Stamp) bool { return s.Node != 0 && now.Node != 0 && s.Node != now.Node }

// covers reports whether the change can be ours. We never make a file shorter.
func (w Span) covers(was, now Stamp) bool {
	from := was.Time
	if was.Size < 0 {
		from = w.From - int64(grain(now.Time))
	}
	return now.Size >= was.Size && from <= now.Time && now.Time <= w.To
}

// grain returns how much earlier than the clock a file's time can be: that of FAT is
// whole pairs of seconds, and that of others is taken once a tick.
func grain(t int64) time.Duration {
	if t%int64(2*time.Second) == 0 {
		return 2 * time.Second
	}
	return 20 * time.Millisecond
}
