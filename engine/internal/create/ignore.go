package create

import (
	"fmt"
	"path"
	"strings"
)

// Ignored are the patterns of what systems and programs leave in folders and nobody
// wants: files that are still being downloaded, and what fills up pieces.
var Ignored = []string{
	".DS_Store", "._*", ".Spotlight-V100", ".Trashes", ".fseventsd", // macOS
	"Thumbs.db", "ehthumbs.db", "desktop.ini", "$RECYCLE.BIN", "System Volume Information", // Windows
	".directory", ".Trash-*", "lost+found", "@eaDir", // Linux, Synology
	"*.part", "*.!qB", "*.!ut", "*.crdownload", // unfinished
	".pad", "_____padding_file_*", // BEP 47, BitComet
}

// patterns are matched against names, or against paths below the folder if they
// have a slash in them; case does not matter.
type patterns []string

// newPatterns refuses what is no pattern of path.Match.
func newPatterns(all []string) (patterns, error) {
	p := make(patterns, len(all))
	for i, pattern := range all {
		p[i] = strings.ToLower(strings.Trim(pattern, "/"))
		if _, err := path.Match(p[i], ""); err != nil || p[i] == "" {
			return nil, fmt.Errorf("%q is not a pattern of names", pattern)
		}
	}
	return p, nil
}

// match reports whether a path with slashes is to be left out.
func (p patterns) match(name string) bool {
	name = strings.ToLower(name)
	base := path.Base(name)
	for _, pattern := range p {
		subject := base
		if strings.Contains(pattern, "/") {
			subject = name
		}
		if ok, _ := path.Match(pattern, subject); ok { // its form was checked
			return true
		}
	}
	return false
}
