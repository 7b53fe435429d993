package admit

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Given returns the path of one of the torrent's files below the save folder as the
// metainfo has it, if the file is Altered, else nil. It is not safe: it may have any
// bytes and lead anywhere. Elements below the torrent's folder that mean nothing are
// left out.
func (t *Torrent) Given(f File) []string {
	if !f.Altered {
		return nil
	}
	raw := slices.DeleteFunc(slices.Clone(f.Raw), func(s string) bool { return s == "" || s == "." })
	if len(f.Path) == 1 {
		return raw
	}
	root := t.RawName
	if strings.TrimSpace(root) == "" { // see folderName
		root = f.Path[0]
	}
	return slices.Concat([]string{root}, raw)
}

// Plain reports whether a name can be shown as it is: it is valid UTF-8, without control
// characters and without what makes it look like another one.
func Plain(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || misleads(r) })
}
