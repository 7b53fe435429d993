package admit

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// maxElements is how deep a file may lie, which is as deep as a v2 file tree can
// nest.
const maxElements = maxDepth

// readFiles fills in the name and the files, each with a safe path, and their sums.
func (in *info) readFiles(t *Torrent) error {
	name, err := in.bestName()
	if err != nil {
		return err
	}
	t.RawName, t.Name = string(name), shortText(name, maxName)
	names := newNames()
	root := folderName(name, t.ID)
	switch {
	case in.files != nil && in.length != nil:
		return refuse("The torrent says both that it is one file and that it is several.")
	case in.files != nil:
		return t.addFiles(in.files, names, root)
	case t.V2 && !t.Hybrid:
		return in.readTreeFiles(t, names, root)
	case in.length == nil:
		return refuse("The torrent does not say what files it has.")
	}
	return t.addFile(&rawFile{length: in.length, attr: in.attr, path: []string{root}}, names, saveFolder)
}

func (t *Torrent) addFiles(files value, names *names, root string) error {
	if !files.is('l') {
		return refuse("The torrent's list of files is not a list.")
	}
	// Counted before any name is made, which is what takes time and memory.
	count := 0
	for range files.items() {
		count++
	}
	switch {
	case count == 0:
		return refuse("The torrent has no files.")
	case count > MaxFiles:
		return refuse("The torrent has too many files (%d, at most %d).", count, MaxFiles)
	}
	t.Files = make([]File, 0, count)
	folder, err := names.folder(saveFolder, root)
	if err != nil {
		return refuse("The torrent's folder %s.", err)
	}
	for item := range files.items() {
		f, err := splitFile(item, nth(len(t.Files)))
		if err != nil {
			return err
		}
		if err := t.addFile(f, names, folder); err != nil {
			return err
		}
	}
	return nil
}

// addFile puts a file behind those that are there, below a folder of names.
func (t *Torrent) addFile(raw *rawFile, names *names, folder int) error {
	n := len(t.Files)
	f, err := t.span(raw)
	if err != nil {
		return err
	}
	if f.Pad {
		f.Path = names.below(folder, ".pad", strconv.Itoa(n))
	} else if f.Path, f.Altered, err = names.place(folder, raw.path); err != nil {
		return refuse("%s %s.", nth(n), err)
	}
	if f.Altered {
		f.Raw = raw.path
	}
	t.Files = append(t.Files, f)
	t.Length += f.Length
	if !f.Pad {
		t.Size += f.Length
	}
	return nil
}

// span checks a file's size and kind.
func (t *Torrent) span(raw *rawFile) (File, error) {
	who := nth(len(t.Files))
	length, ok := raw.length.number()
	attr, _ := raw.attr.text()
	pad := bytes.IndexByte(attr, 'p') >= 0 || isPad(raw.path)
	switch {
	case raw.length == nil:
		return File{}, refuse("%s has no size.", who)
	case !raw.length.is('i'):
		return File{}, refuse("%s has a size that is not a number.", who)
	case ok && length < 0:
		return File{}, refuse("%s has a negative size (%d).", who, length)
	case !ok || length > maxSize-t.Length:
		return File{}, refuse("%s makes the torrent too large (more than %d bytes).", who, int64(maxSize))
	case bytes.IndexByte(attr, 'l') >= 0:
		return File{}, refuse("%s is a symbolic link, which could lead anywhere.", who)
	case pad && length >= t.PieceLength:
		return File{}, refuse("%s only fills up a piece, but is as large as one.", who)
	}
	return File{Length: length, Offset: t.Length, Pad: pad}, nil
}

// rawFile is one file whose entries have been found but not judged.
type rawFile struct {
	length, attr value
	path         []string
}

// splitFile reads one entry of the list.
func splitFile(dict value, who nth) (*rawFile, error) {
	if !dict.is('d') {
		return nil, refuse("%s is not described by a dictionary.", who)
	}
	f := new(rawFile)
	var path, pathUTF8 value
	for key, v := range dict.entries() {
		switch string(key) {
		case "length":
			f.length = v
		case "attr":
			f.attr = v
		case "path":
			path = v
		case "path.utf-8":
			pathUTF8 = v
		default:
			if v.weight(maxForeignInFile) > maxForeignInFile {
				return nil, refuse("%s has too much under the unknown entry %s.", who, quote(key))
			}
		}
	}
	var err error
	f.path, err = bestPath(path, pathUTF8, who)
	return f, err
}

// bestPath prefers the UTF-8 form of a path if it is what it says.
func bestPath(path, pathUTF8 value, who nth) ([]string, error) {
	if path == nil {
		return nil, refuse("%s has no name.", who)
	}
	plain, _, err := readPath(path, who)
	if err != nil || pathUTF8 == nil {
		return plain, err
	}
	better, valid, err := readPath(pathUTF8, who)
	if err != nil || valid {
		return better, err
	}
	return plain, nil
}

// readPath reads a list of path elements and tells if all are valid UTF-8.
func readPath(list value, who nth) (path []string, valid bool, err error) {
	if !list.is('l') {
		return nil, false, refuse("%s has a path that is not a list.", who)
	}
	valid = true
	for item := range list.items() {
		element, ok := item.text()
		if !ok {
			return nil, false, refuse("%s has a path with something that is not a text.", who)
		}
		if len(path) == maxElements {
			return nil, false, refuse("%s lies too deep (more than %d folders).", who, maxElements)
		}
		path = append(path, string(element))
		valid = valid && utf8.Valid(element)
	}
	if len(path) == 0 {
		return nil, false, refuse("%s has no name.", who)
	}
	return path, valid, nil
}

// isPad recognises pad files that are not marked as such, by the path that
// BEP 47 gives them.
func isPad(path []string) bool {
	return len(path) == 2 && path[0] == ".pad" && isNumber([]byte(path[1]))
}
