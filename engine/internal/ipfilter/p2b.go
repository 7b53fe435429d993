package ipfilter

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
)

// p2bMark begins PeerGuardian's binary files; the version follows.
const p2bMark = "\xff\xff\xff\xffP2B"

// readP2B reads version 1 and 2, in which each range follows its name, and version 3,
// in which all names come first. A file that ends too early has what came before.
func (b *Builder) readP2B(in *bufio.Reader) (Report, error) {
	head := make([]byte, len(p2bMark)+1)
	if _, err := io.ReadFull(in, head); err != nil {
		return Report{}, fmt.Errorf("read the head: %w", err)
	}
	var rep Report
	var err error
	switch version := head[len(p2bMark)]; version {
	case 1, 2:
		for err == nil {
			if err = skipName(in); err == nil {
				err = b.addP2B(in, 0, &rep)
			}
		}
	case 3:
		err = b.readP2B3(in, &rep)
	default:
		return rep, fmt.Errorf("it is P2B of version %d, which nobody knows", version)
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		rep.Bad++
		rep.FirstBad = "the file ends too early"
	case err != nil && !errors.Is(err, io.EOF):
		return rep, err
	}
	return rep, nil
}

func (b *Builder) readP2B3(in *bufio.Reader, rep *Report) error {
	var count [4]byte
	if _, err := io.ReadFull(in, count[:]); err != nil {
		return io.ErrUnexpectedEOF
	}
	for range binary.BigEndian.Uint32(count[:]) {
		if err := skipName(in); err != nil {
			return unexpected(err)
		}
	}
	if _, err := io.ReadFull(in, count[:]); err != nil {
		return io.ErrUnexpectedEOF
	}
	for range binary.BigEndian.Uint32(count[:]) {
		if err := b.addP2B(in, 4, rep); err != nil {
			return unexpected(err)
		}
	}
	return nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// skipName reads until a zero byte.
func skipName(in *bufio.Reader) error {
	for begun := false; ; begun = true {
		part, err := in.ReadSlice(0)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, io.EOF) && (begun || len(part) > 0):
			return io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// addP2B reads one range, before which are skip bytes.
func (b *Builder) addP2B(in *bufio.Reader, skip int, rep *Report) error {
	var buf [12]byte
	if _, err := io.ReadFull(in, buf[:skip+8]); err != nil {
		return unexpected(err)
	}
	from, to := netip.AddrFrom4([4]byte(buf[skip:])), netip.AddrFrom4([4]byte(buf[skip+4:]))
	if to.Less(from) {
		if rep.Bad++; rep.Bad == 1 {
			rep.FirstBad = fmt.Sprintf("%v to %v: %v", from, to, errOrder)
		}
		return nil
	}
	if err := b.add(from, to); err != nil {
		return err
	}
	rep.Rules++
	return nil
}
