package announce

import (
	"bytes"
	"errors"
	"strconv"
)

// Trackers are written by hand more often than not: their dictionaries come
// unsorted or with a line break behind them, which the library's decoder refuses.
// This reader accepts that and is bounded by the length of its input.

const maxDepth = 8 // a reply needs three

var (
	errSyntax = errors.New("broken bencoding")
	errDepth  = errors.New("bencoding nested too deeply")
)

// parseDict reads a dictionary of int64, string, []any and map[string]any. Of
// equal keys the first counts; what follows the dictionary is not looked at.
func parseDict(b []byte) (map[string]any, error) {
	p := parser{rest: b}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	d, ok := v.(map[string]any)
	if !ok {
		return nil, errSyntax
	}
	return d, nil
}

type parser struct{ rest []byte }

func (p *parser) value(depth int) (any, error) {
	switch {
	case depth > maxDepth:
		return nil, errDepth
	case len(p.rest) == 0:
		return nil, errSyntax
	}
	switch p.rest[0] {
	case 'i':
		p.rest = p.rest[1:]
		return p.number('e')
	case 'l':
		p.rest = p.rest[1:]
		return p.list(depth)
	case 'd':
		p.rest = p.rest[1:]
		return p.dict(depth)
	}
	return p.text()
}

// number reads up to end. One that does not fit in 64 bits becomes the nearest
// that does.
func (p *parser) number(end byte) (int64, error) {
	length := bytes.IndexByte(p.rest[:min(len(p.rest), 64)], end)
	if length < 0 {
		return 0, errSyntax
	}
	n, err := strconv.ParseInt(string(p.rest[:length]), 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, errSyntax
	}
	p.rest = p.rest[length+1:]
	return n, nil
}

func (p *parser) text() (string, error) {
	n, err := p.number(':')
	if err != nil || n < 0 || n > int64(len(p.rest)) {
		return "", errSyntax
	}
	s := string(p.rest[:n])
	p.rest = p.rest[n:]
	return s, nil
}

// ended takes the 'e' of a list or dictionary.
func (p *parser) ended() bool {
	if len(p.rest) > 0 && p.rest[0] == 'e' {
		p.rest = p.rest[1:]
		return true
	}
	return false
}

func (p *parser) list(depth int) ([]any, error) {
	list := []any{}
	for !p.ended() {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (p *parser) dict(depth int) (map[string]any, error) {
	d := make(map[string]any)
	for !p.ended() {
		key, err := p.text()
		if err != nil {
			return nil, err
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if _, twice := d[key]; !twice {
			d[key] = v
		}
	}
	return d, nil
}
