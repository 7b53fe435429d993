// Package filetree shows the files of a torrent as a tree, to choose from with
// check boxes or to watch with progress and priority. Tree is the pure part: flat
// arrays in which the largest torrents open, close and are checked at once; View
// is the widget. Both are used on the window's goroutine only.
package filetree
