package admit

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// partSuffix may be added to a file's name while it is downloaded.
	partSuffix = ".part"
	// maxElement is the size of a path element in bytes: with partSuffix it fits
	// in the 255 that file systems take.
	maxElement = 255 - len(partSuffix)
	// maxPath bounds a file's path in bytes, so that it still fits below a long
	// save folder in the 4096 that Linux takes.
	maxPath = 2048
	// suffixRoom is kept for " (123456)".
	suffixRoom = 12
	// maxExt is the longest ending that is taken for an extension, in bytes.
	maxExt = 16
)

// saveFolder is the number of the folder that all paths start in.
const saveFolder = 0

// names gives out paths: safe, and none that a file system takes for another.
// The same files in the same order get the same paths.
type names struct {
	paths   [][]string        // safe path of each folder
	altered []bool            // whether it is another one than it came with
	folders map[edge]int      // folders by the names they came with
	files   map[edge]struct{} // files likewise
	taken   map[edge]struct{} // what there is on disk, by folded safe names
	next    map[edge]int      // where to go on counting " (2)"
}

// edge is a name in a folder.
type edge struct {
	folder int
	name   string
}

func newNames() *names {
	return &names{
		paths:   [][]string{nil},
		altered: []bool{false},
		folders: make(map[edge]int),
		files:   make(map[edge]struct{}),
		taken:   make(map[edge]struct{}),
		next:    make(map[edge]int),
	}
}

// place gives a file a path below a folder, and tells whether it is another one than it
// came with. Elements that mean nothing are left out. The error is the rest of a
// sentence about the file.
func (n *names) place(folder int, raw []string) (path []string, altered bool, err error) {
	given := len(raw)
	raw = slices.DeleteFunc(slices.Clone(raw), func(s string) bool { return s == "" || s == "." })
	if len(raw) == 0 {
		raw = []string{"_"}
	}
	last := len(raw) - 1
	for _, name := range raw[:last] {
		if folder, err = n.folder(folder, name); err != nil {
			return nil, false, err
		}
	}
	at := edge{folder, raw[last]}
	if _, ok := n.folders[at]; ok {
		return nil, false, fmt.Errorf("is also the folder of another file (%s)", quote(raw[last]))
	}
	n.files[at] = struct{}{}
	safe := n.claim(folder, raw[last], true)
	path = n.below(folder, safe)
	if size := len(strings.Join(path, "/")); size > maxPath {
		return nil, false, fmt.Errorf("has a path that is too long (%d bytes, at most %d)", size, maxPath)
	}
	return path, n.altered[folder] || safe != raw[last] || len(raw) != given, nil
}

// folder returns the folder that came with a name in another one.
func (n *names) folder(parent int, raw string) (int, error) {
	at := edge{parent, raw}
	if known, ok := n.folders[at]; ok {
		return known, nil
	}
	if _, ok := n.files[at]; ok {
		return 0, fmt.Errorf("lies in a folder that is also a file (%s)", quote(raw))
	}
	if len(n.paths) > MaxFiles {
		return 0, fmt.Errorf("is in one folder too many (at most %d)", MaxFiles)
	}
	safe := n.claim(parent, raw, false)
	n.paths = append(n.paths, n.below(parent, safe))
	n.altered = append(n.altered, n.altered[parent] || safe != raw)
	n.folders[at] = len(n.paths) - 1
	return n.folders[at], nil
}

// below returns a path in a folder.
func (n *names) below(folder int, elements ...string) []string {
	return slices.Concat(n.paths[folder], elements)
}

// claim makes a name safe and different from all others in its folder, with
// " (2)" before the extension if need be.
func (n *names) claim(folder int, raw string, file bool) string {
	name := safeName(raw)
	if n.take(folder, name, file) {
		return name
	}
	stem, ext := name, ""
	if file {
		stem, ext = splitExt(name)
	}
	stem = cut(stem, maxElement-len(ext)-suffixRoom)
	// Counting goes on where it stopped: files that all have one name would
	// otherwise take quadratic time.
	counter := edge{folder, fold(stem) + "/" + fold(ext)}
	for i := max(2, n.next[counter]); ; i++ {
		if name = fmt.Sprintf("%s (%d)%s", stem, i, ext); n.take(folder, name, file) {
			n.next[counter] = i + 1
			return name
		}
	}
}

// take reports whether a name, and the one that a file has while it is
// downloaded, was still free; from now on it is not.
func (n *names) take(folder int, name string, file bool) bool {
	at := edge{folder, fold(name)}
	part := edge{folder, at.name + fold(partSuffix)}
	if _, ok := n.taken[at]; ok {
		return false
	}
	if _, ok := n.taken[part]; ok && file {
		return false
	}
	n.taken[at] = struct{}{}
	if file {
		n.taken[part] = struct{}{}
	}
	return true
}

// safeName makes one path element of any bytes. The result is at most maxElement
// bytes of valid UTF-8, no "." or "..", and allowed on every usual file system.
func safeName(raw string) string {
	name := strings.TrimRightFunc(strings.Map(safeRune, raw), trails)
	if name == "" {
		return "_"
	}
	if reserved(name) {
		name = "_" + name
	}
	if len(name) <= maxElement {
		return name
	}
	stem, ext := splitExt(name)
	return strings.TrimRightFunc(cut(stem, maxElement-len(ext))+ext, trails)
}

// safeRune replaces what a name may not contain and drops what nobody sees.
// Bytes that are not UTF-8 come as utf8.RuneError.
func safeRune(r rune) rune {
	switch {
	case r == '\u2028' || r == '\u2029' || r == utf8.RuneError || unicode.IsControl(r) || strings.ContainsRune(`/\<>:"|?*`, r):
		return '_'
	case misleads(r):
		return -1
	}
	return r
}

// trails reports what Windows drops at the end of a name, and other blanks.
func trails(r rune) bool { return r == '.' || unicode.IsSpace(r) }

// reserved reports whether Windows takes a name, whatever its extension, for a device.
func reserved(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	switch base = strings.ToUpper(strings.TrimSpace(base)); base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	number, ok := strings.CutPrefix(base, "COM")
	if !ok {
		number, ok = strings.CutPrefix(base, "LPT")
	}
	return ok && utf8.RuneCountInString(number) == 1 && strings.Contains("0123456789¹²³", number)
}

// splitExt splits a name before its extension, if it has one.
func splitExt(name string) (stem, ext string) {
	ext = path.Ext(name)
	if len(ext) == len(name) || len(ext) > maxExt {
		return name, ""
	}
	return name[:len(name)-len(ext)], ext
}

// fold maps names that some file system takes for the same to the same text:
// canonical decomposition, full case folding, and no invisible runes, which is
// what ext4 and APFS do and more than NTFS does.
func fold(name string) string {
	if isASCII(name) {
		return strings.ToUpper(name)
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(name) {
		switch {
		case unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
		case r == 'ß' || r == 'ẞ':
			b.WriteString("SS")
		case r == 'ŉ' || r == 'և' || r == 'ẚ' || r >= '\uFB00' && r <= '\uFB17': // ligatures that fold to several letters
			for _, part := range norm.NFKD.String(string(r)) {
				b.WriteRune(foldRune(part))
			}
		default:
			b.WriteRune(foldRune(r))
		}
	}
	return norm.NFD.String(b.String())
}

// foldRune returns the first of all runes that differ from r only in case; of
// ASCII letters that is the capital.
func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// FileName makes one path element of a name from outside that is safe on all systems.
func FileName(name string) string { return safeName(name) }
