package ui

import (
	"os"
	"regexp"
	"strings"

	"fyne.io/fyne/v2"
)

// dropped opens what was dropped anywhere on the window.
func (w *Window) dropped(_ fyne.Position, uris []fyne.URI) {
	dir, err := os.Getwd()
	if err != nil {
		dir = "" // links that were dropped are then not recognised
	}
	args := make([]string, 0, len(uris))
	for _, u := range uris {
		args = append(args, argument(u, dir))
	}
	w.Open(args)
}

// argument returns what was dropped. The window toolkit takes every address for
// the path of a file: it decodes it, puts the working directory before it and
// folds "//", so that links have to be restored.
func argument(u fyne.URI, workDir string) string {
	if u.Scheme() != "file" {
		return u.String()
	}
	path := u.Path()
	rest := strings.TrimPrefix(strings.TrimPrefix(path, workDir), "/")
	switch {
	case strings.HasPrefix(rest, "magnet:?"):
		return restoreMagnet(rest)
	case foldedScheme.MatchString(rest):
		return foldedScheme.ReplaceAllString(rest, "$1://")
	}
	return path
}

var (
	foldedScheme = regexp.MustCompile(`^(https?):/+`)
	parameter    = regexp.MustCompile(`^(xt|dn|tr|ws|xs|as|xl|kt|so|x\.pe)(\.\d+)?=`)
	anyFolded    = regexp.MustCompile(`^([a-z]+):/+`)
)

// restoreMagnet escapes the values of a magnet link that was decoded. An & that
// no parameter follows belongs to the value before it.
func restoreMagnet(link string) string {
	var params []string
	for _, part := range strings.Split(strings.TrimPrefix(link, "magnet:?"), "&") {
		switch {
		case parameter.MatchString(part):
			params = append(params, part)
		case len(params) > 0:
			params[len(params)-1] += "&" + part
		}
	}
	for i, p := range params {
		key, value, _ := strings.Cut(p, "=")
		value = anyFolded.ReplaceAllString(value, "$1://")
		params[i] = key + "=" + escapeValue(value)
	}
	return "magnet:?" + strings.Join(params, "&")
}

// escapeValue escapes what would end a value; "urn:btih:…" stays readable.
func escapeValue(s string) string {
	return strings.NewReplacer("%", "%25", "&", "%26", "+", "%2B", "#", "%23", " ", "%20").Replace(s)
}
