package ipfilter

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"unicode"
)

// What a file may hold at most. The largest lists in use have half a million ranges in
// 40 MB.
const (
	MaxRanges = 2_000_000
	MaxBytes  = 256 << 20 // unpacked

	maxLine = 1024 // bytes; more of a line is not looked at
)

// Errors of files that are not taken at all.
var (
	ErrRanges = fmt.Errorf("there are more than %d ranges in it", MaxRanges)
	ErrBytes  = fmt.Errorf("it unpacks to more than %d MiB", MaxBytes>>20)
	ErrFormat = errors.New("it has no line that is a range of addresses")
)

// Report is what was found in a file.
type Report struct {
	Rules    int    // lines that block
	Bad      int    // lines that could not be read
	FirstBad string // the first of them, and why: one line of text, which may be from outside
}

// Builder gathers ranges from several places. The zero value is ready.
type Builder struct {
	all ranges

	// For tests; 0 is MaxRanges and MaxBytes.
	maxRanges int
	maxBytes  int64
}

// Filter returns what was gathered. It may take half a second.
func (b *Builder) Filter() *Filter { return b.all.filter() }

// Read gathers what r has: text in any of the formats of parseLine, mixed or not, or
// P2B, all of them also packed with gzip. It stops at MaxRanges and MaxBytes with an
// error; a file of which no line can be read is ErrFormat. After an error the Builder
// is of no use.
func (b *Builder) Read(r io.Reader) (Report, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return Report{}, fmt.Errorf("unpack: %w", err)
		}
		in = bufio.NewReaderSize(&bounded{unpacked, b.bytes()}, 64<<10)
	} else {
		in = bufio.NewReaderSize(&bounded{in, b.bytes()}, 64<<10)
	}
	if head, _ := in.Peek(len(p2bMark)); string(head) == p2bMark {
		return b.readP2B(in)
	}
	return b.readText(in)
}

func (b *Builder) bytes() int64 {
	if b.maxBytes > 0 {
		return b.maxBytes
	}
	return MaxBytes
}

func (b *Builder) add(from, to netip.Addr) error {
	most := MaxRanges
	if b.maxRanges > 0 {
		most = b.maxRanges
	}
	if b.all.len() >= most {
		return ErrRanges
	}
	b.all.add(from, to)
	return nil
}

// bounded ends with ErrBytes where there is more than is allowed.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, ErrBytes
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func (b *Builder) readText(in *bufio.Reader) (Report, error) {
	var rep Report
	for number := 1; ; number++ {
		line, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return rep, err
		}
		if number == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		switch r, why := parseLine(line); {
		case why != nil:
			if rep.Bad++; rep.Bad == 1 {
				rep.FirstBad = fmt.Sprintf("line %d, “%s”: %v", number, shown(line), why)
			}
		case r.from.IsValid():
			if err := b.add(r.from, r.to); err != nil {
				return rep, err
			}
			rep.Rules++
		}
		if err != nil {
			if rep.Rules == 0 && rep.Bad > 0 {
				return rep, ErrFormat
			}
			return rep, nil
		}
	}
}

// readLine returns the beginning of a line and skips the rest.
func readLine(in *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if room := maxLine - len(line); room > 0 {
			line = append(line, part[:min(room, len(part))]...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return string(line), err
		}
	}
}

// shown makes text from a file fit to be shown.
func shown(line string) string {
	text := []rune(strings.TrimSpace(strings.ToValidUTF8(line, "\ufffd")))
	const most = 60
	if len(text) > most {
		text = append(text[:most-1], '…')
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, string(text))
}
