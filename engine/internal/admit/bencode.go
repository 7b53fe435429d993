package admit

import (
	"bytes"
	"iter"
	"strconv"
)

const (
	// maxDepth is below the library's own limit (64), so that what passes here
	// does not fail there.
	maxDepth = 60
	// maxValues bounds the time to look at everything: MaxFiles files with
	// thirty values each still pass.
	maxValues = 1 << 23
	// maxUnsorted bounds the memory to find a key that is there twice; sorted
	// dictionaries, as BEP 3 wants them, need none.
	maxUnsorted = 1 << 12
	maxDigits   = 20 // of a number with its sign: all that 64 bits can need
)

// value is one bencoded value (BEP 3) that parse has found to be well-formed,
// or nil for one that is not there. It is read in place.
type value []byte

// parse checks the first value in raw, all that is in it, and returns it and
// what follows. Every dictionary has each key once.
func parse(raw []byte) (v value, rest []byte, err error) {
	p := parser{raw: raw}
	if err := p.value(); err != nil {
		return nil, nil, err
	}
	return value(raw[:p.pos]), raw[p.pos:], nil
}

type parser struct {
	raw    []byte
	pos    int
	depth  int
	values int
}

func (p *parser) value() error {
	if p.values++; p.values > maxValues {
		return refuse("The torrent has too many entries (more than %d).", maxValues)
	}
	if p.pos == len(p.raw) {
		return p.short()
	}
	switch c := p.raw[p.pos]; c {
	case 'i':
		return p.number()
	case 'l', 'd':
		if p.depth++; p.depth > maxDepth {
			return refuse("The torrent is nested too deeply (more than %d levels).", maxDepth)
		}
		p.pos++
		err := p.elements(c == 'd')
		p.depth--
		return err
	default:
		_, err := p.text()
		return err
	}
}

// elements reads the inside of a list or dictionary and its end.
func (p *parser) elements(dict bool) error {
	keys := keySet{start: p.pos}
	for p.pos < len(p.raw) {
		if p.raw[p.pos] == 'e' {
			p.pos++
			return nil
		}
		if dict {
			at := p.pos
			key, err := p.text()
			if err != nil {
				return err
			}
			if err := keys.add(key, p.raw[:at]); err != nil {
				return err
			}
		}
		if err := p.value(); err != nil {
			return err
		}
	}
	return p.short()
}

func (p *parser) number() error {
	end := bytes.IndexByte(p.raw[p.pos:min(len(p.raw), p.pos+maxDigits+2)], 'e')
	if end < 0 {
		return p.damaged()
	}
	digits := bytes.TrimPrefix(p.raw[p.pos+1:p.pos+end], []byte("-"))
	if !isNumber(digits) || end > 2 && digits[0] == '0' {
		return p.damaged()
	}
	p.pos += end + 1
	return nil
}

func (p *parser) text() ([]byte, error) {
	length, size := textSize(p.raw[p.pos:])
	switch {
	case size == 0 && p.pos == len(p.raw):
		return nil, p.short()
	case size == 0:
		return nil, p.damaged()
	case length > len(p.raw)-p.pos-size:
		return nil, p.short()
	}
	start := p.pos + size
	p.pos = start + length
	return p.raw[start:p.pos], nil
}

func (p *parser) short() error { return refuse("The torrent is cut short.") }

func (p *parser) damaged() error { return refuse("The torrent is damaged at byte %d.", p.pos) }

// textSize reads the head of a text: the bytes of the text and of its head,
// which are 0 if it is none.
func textSize(b []byte) (length, size int) {
	const most = 9 // digits, more than MaxMetainfo has
	for i, c := range b[:min(len(b), most+1)] {
		switch {
		case c == ':' && i > 0:
			return length, i + 1
		case c < '0' || c > '9' || i > 0 && b[0] == '0' || i == most:
			return 0, 0
		}
		length = length*10 + int(c-'0')
	}
	return 0, 0
}

func isNumber(digits []byte) bool {
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(digits) > 0
}

// keySet finds keys that are twice in one dictionary.
type keySet struct {
	start int                 // where the dictionary's first key is
	last  []byte              // the key before; all that is needed while they are sorted
	seen  map[string]struct{} // all keys, once they are not
}

// add takes the next key; before is all that was read up to it.
func (s *keySet) add(key, before []byte) error {
	if s.seen == nil && (len(before) == s.start || bytes.Compare(s.last, key) < 0) {
		s.last = key
		return nil
	}
	if s.seen == nil {
		if err := s.collect(before[s.start:]); err != nil {
			return err
		}
	}
	if _, twice := s.seen[string(key)]; twice {
		return refuse("The torrent has the entry %s twice.", quote(key))
	}
	return s.insert(key)
}

// collect reads the keys so far again.
func (s *keySet) collect(entries []byte) error {
	s.seen = make(map[string]struct{})
	for len(entries) > 0 {
		head := first(entries)
		entries = entries[len(head):]
		entries = entries[len(first(entries)):]
		key, _ := head.text()
		if err := s.insert(key); err != nil {
			return err
		}
	}
	return nil
}

func (s *keySet) insert(key []byte) error {
	if len(s.seen) == maxUnsorted {
		return refuse("The torrent has a large dictionary that is not sorted.")
	}
	s.seen[string(key)] = struct{}{}
	return nil
}

// is reports whether v is of a kind: 'd' for a dictionary, 'l' for a list, 'i'
// for a number.
func (v value) is(kind byte) bool { return len(v) > 0 && v[0] == kind }

// text returns the bytes of a text, in place.
func (v value) text() ([]byte, bool) {
	_, size := textSize(v)
	return v[size:], size > 0
}

// number returns a number, and whether v is one that fits in 64 bits.
func (v value) number() (int64, bool) {
	if !v.is('i') {
		return 0, false
	}
	n, err := strconv.ParseInt(string(v[1:len(v)-1]), 10, 64)
	return n, err == nil
}

// first returns the first value in b, which is well-formed.
func first(b []byte) value {
	switch b[0] {
	case 'i':
		return b[:bytes.IndexByte(b, 'e')+1]
	case 'l', 'd':
		pos := 1
		for b[pos] != 'e' {
			pos += len(first(b[pos:]))
		}
		return b[:pos+1]
	default:
		length, size := textSize(b)
		return b[:size+length]
	}
}

// items yields the values of a list; none if v is something else.
func (v value) items() iter.Seq[value] {
	return func(yield func(value) bool) {
		if !v.is('l') {
			return
		}
		for rest := v[1:]; rest[0] != 'e'; {
			item := first(rest)
			if !yield(item) {
				return
			}
			rest = rest[len(item):]
		}
	}
}

// entries yields the keys and values of a dictionary; none if v is something else.
func (v value) entries() iter.Seq2[[]byte, value] {
	return func(yield func([]byte, value) bool) {
		if !v.is('d') {
			return
		}
		for rest := v[1:]; rest[0] != 'e'; {
			head := first(rest)
			item := first(rest[len(head):])
			key, _ := head.text()
			if !yield(key, item) {
				return
			}
			rest = rest[len(head)+len(item):]
		}
	}
}

// get returns the value of a dictionary's key, nil if there is none.
func (v value) get(key string) value {
	for k, item := range v.entries() {
		if string(k) == key {
			return item
		}
	}
	return nil
}

// weight counts the values in v up to limit+1, texts and numbers included.
func (v value) weight(limit int) int {
	n := 1
	for item := range v.items() {
		if n += item.weight(limit - n); n > limit {
			return n
		}
	}
	for _, item := range v.entries() {
		if n += 1 + item.weight(limit-n); n > limit {
			return n
		}
	}
	return n
}
