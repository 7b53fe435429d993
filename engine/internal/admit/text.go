package admit

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the size of a name that is shown, in bytes.
const maxName = 255

// firstText returns the first of some keys whose value is valid UTF-8, else the
// last of them that is a text at all.
func firstText(dict value, keys ...string) []byte {
	var found []byte
	for _, key := range keys {
		if b, ok := dict.get(key).text(); ok {
			found = b
			if utf8.Valid(b) {
				break
			}
		}
	}
	return found
}

// shortText makes one line of b: valid UTF-8 without control characters, not
// even such that turn the direction of writing, at most size bytes.
func shortText(b []byte, size int) string {
	return strings.TrimSpace(strings.NewReplacer("\n", " ", "\t", " ").Replace(longText(b, size)))
}

// longText is shortText with line breaks and tabs.
func longText(b []byte, size int) string {
	// Bounded first, so that a huge text is not copied; a rune has at most 4 bytes.
	clean := strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || misleads(r)) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(b[:min(len(b), 4*size)]), "\uFFFD"))
	return cut(clean, size)
}

// misleads reports whether a rune is invisible and makes a text look like
// another one.
func misleads(r rune) bool {
	return unicode.Is(unicode.Bidi_Control, r) || r == '\uFEFF' || r == '\u2028' || r == '\u2029'
}

// cut returns at most size bytes of s, whole runes only.
func cut(s string, size int) string {
	if len(s) <= size {
		return s
	}
	for size > 0 && !utf8.RuneStart(s[size]) {
		size--
	}
	return s[:size]
}

// quote shows text from outside within a sentence.
func quote[T ~string | ~[]byte](text T) string {
	const most = 60
	if len(text) > most {
		return strconv.QuoteToGraphic(cut(string(text[:most+1]), most)) + "…"
	}
	return strconv.QuoteToGraphic(string(text))
}

// nth is a file of a torrent, counted from 0, as the subject of a sentence.
type nth int

func (n nth) String() string {
	words := [...]string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"}
	if int(n) < len(words) {
		return "The torrent's " + words[n] + " file"
	}
	return "File " + strconv.Itoa(int(n)+1) + " of the torrent"
}
