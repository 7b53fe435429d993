package format

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The most runes that are shown of text from outside.
const (
	maxName = 300
	maxText = 2000
)

// Name makes text from outside safe to show on one line: what is invisible,
// changes the direction of what follows or is no valid UTF-8 is written out in
// its hexadecimal form, and what is very long ends in "…". Right-to-left text
// itself is left alone.
func Name(s string) string { return escape(s, maxName) }

// Text is Name for sentences, of which more is shown.
func Text(s string) string { return escape(s, maxText) }

func escape(s string, limit int) string {
	if len(s) <= limit && plain(s) {
		return s
	}
	var b strings.Builder
	runes := 0
	for len(s) > 0 {
		if runes == limit {
			b.WriteRune('…')
			break
		}
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size <= 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			writeRune(&b, r)
		}
		s = s[size:]
		runes++
	}
	return b.String()
}

func writeRune(b *strings.Builder, r rune) {
	switch {
	case !hostile(r):
		b.WriteRune(r)
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r == '\t':
		b.WriteString(`\t`)
	case r > 0xffff:
		fmt.Fprintf(b, `\U%08x`, r)
	default:
		fmt.Fprintf(b, `\u%04x`, r)
	}
}

// hostile reports whether r shows nothing, or changes how others are shown: the
// controls, the format characters (Cf holds the bidirectional controls and the
// zero-width ones), line separators, fillers without ink, and what is no text.
func hostile(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x3164, 0xffa0, 0x2800:
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs, unicode.Co,
		unicode.Variation_Selector) || r != ' ' && r != 0x3000 && unicode.Is(unicode.Zs, r)
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
