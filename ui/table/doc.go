// Package table is a widget for long lists: rows of text and of bars of pieces,
// of which only those that are visible cost anything. Columns can be sorted,
// sized, moved and hidden; rows are selected by key, so that a selection stays
// with its rows when they are sorted or filtered.
//
// The table holds no data: it asks its Model for what is visible. Everything is
// used on the window's goroutine, and nothing here starts another one.
package table
