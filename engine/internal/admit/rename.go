package admit

import (
	"fmt"
	"slices"
	"strings"
)

// RenameFile checks a new name for one of a torrent's files, whose paths are safe, and
// returns the new path by the file's index: none if it has that name already. The name
// is made safe as those in metainfo are. The error is a sentence.
func RenameFile(paths [][]string, file int, name string) (map[int][]string, error) {
	if file < 0 || file >= len(paths) {
		return nil, fmt.Errorf("there is no file %d", file)
	}
	path := paths[file]
	last := path[len(path)-1]
	if strings.HasSuffix(safeName(strings.TrimSpace(name)), partSuffix) != strings.HasSuffix(last, partSuffix) {
		return nil, fmt.Errorf("the ending %s marks what is not complete, so a name cannot get or lose it", partSuffix)
	}
	return renameAll(paths, path[:len(path)-1], name, func(i int) bool { return i == file })
}

// RenameFolder does so for a folder, given as its path below the save folder.
func RenameFolder(paths [][]string, folder []string, name string) (map[int][]string, error) {
	n := len(folder)
	if n == 0 {
		return nil, fmt.Errorf("there is no such folder")
	}
	below := func(i int) bool { return len(paths[i]) > n && slices.Equal(paths[i][:n], folder) }
	for i := range paths {
		if below(i) {
			return renameAll(paths, folder[:n-1], name, below)
		}
	}
	return nil, fmt.Errorf("there is no folder %q", strings.Join(folder, "/"))
}

// renameAll replaces the element behind parent in the paths that are chosen.
func renameAll(paths [][]string, parent []string, name string, chosen func(int) bool) (map[int][]string, error) {
	if strings.ContainsAny(name, `/\`) {
		return nil, fmt.Errorf("a name cannot have %q or %q in it", "/", `\`)
	}
	if name = strings.TrimSpace(name); name == "" {
		return nil, fmt.Errorf("the name is empty")
	}
	name = safeName(name)
	changed := make(map[int][]string)
	at := len(parent)
	for i, path := range paths {
		if chosen(i) && path[at] != name {
			changed[i] = slices.Concat(path[:at], []string{name}, path[at+1:])
			if size := len(strings.Join(changed[i], "/")); size > maxPath {
				return nil, fmt.Errorf("that makes the path of a file too long (%d bytes, at most %d)", size, maxPath)
			}
		}
	}
	if len(changed) == 0 {
		return nil, nil
	}
	for i, path := range paths {
		if !chosen(i) && len(path) > at+1 && slices.Equal(path[:at], parent) && fold(path[at]) == fold(name) {
			return nil, fmt.Errorf("there is a folder of that name already: %s", quote(path[at]))
		}
	}
	return changed, differ(paths, changed)
}

// differ fails if some file system would take two paths for one, or a file for a folder.
func differ(paths [][]string, changed map[int][]string) error {
	files, folders := make(map[string]int), make(map[string]bool)
	for i, path := range paths {
		now, moved := changed[i]
		if moved {
			path = now
		}
		folded := ""
		for k, element := range path {
			folded += "/" + fold(element)
			if k < len(path)-1 {
				folders[folded] = true
			}
		}
		for _, key := range []string{folded, folded + fold(partSuffix)} {
			other, ok := files[key]
			if _, renamed := changed[other]; ok && (renamed || moved) {
				return fmt.Errorf("there is a file of that name already: %s", quote(strings.Join(path, "/")))
			}
			files[key] = i
		}
	}
	for folder := range folders {
		if _, ok := files[folder]; ok {
			return fmt.Errorf("there is a file of that name already, and a folder cannot have it too")
		}
	}
	return nil
}
