// Package ui is the window of the program: it shows the engine's snapshots and
// sends it what the user wants.
//
// # Who may do what
//
// All widgets and all fields of a [Window] belong to the goroutine on which Fyne
// runs its event loop. There is one way in: [Window.Run] calls fyne.DoAndWait, the
// only place that does, with either apply(Update) or what a finished task
// leaves to be shown. Callbacks of widgets are on that goroutine already.
//
// The window's goroutine never waits for the engine, the disk, the network or
// another process. What may wait is a task, given to a lane: an unbounded
// first-in first-out queue with one goroutine of its own. There are four, so
// that a slow web server or disk does not hold up a pause:
//
//   - commands: the engine's commands, in the order in which the user gave them
//   - opens: reading what the user named from disk or network
//   - looks: listing the files that a removal would delete or a torrent would be
//     made of, asking for free space
//   - makes: making torrents, which may take hours
//
// File dialogs and the file manager are behind [Desktop], which calls back.
//
// # Goroutines
//
// Run itself is the pump; it starts the four lanes, ends them by cancelling their
// context when it returns, and waits for them and for the Desktop. New starts
// nothing. Tasks start nothing.
//
// # What is dropped
//
// Nothing that the user asked for, until the window ends; then tasks that have
// not begun are dropped. The engine merges updates if the window is slow.
package ui
