// Package view turns the engine's snapshots into what the window shows: rows,
// their order, and plain sentences. It is where words for people are made.
//
// It is pure: it knows no widgets, starts no goroutines and asks no clock. A
// [List] belongs to one goroutine; everything else is functions of values.
package view
