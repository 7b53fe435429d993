// Package terminal is the command line: it reads the arguments and does all that
// needs no window. Parse tells what was asked for; Command.Window says what the
// window is to be opened with; Command.Run does everything else.
//
// The exit codes, which --help tells too:
//
//	0    all went well: with get, all that is wanted is verified
//	1    not all is there: a torrent stopped with an error, pieces are missing or wrong,
//	     a file was changed while a torrent was made of it
//	2    the command line is wrong
//	3    it could not run: a torrent that cannot be read or written, a profile in use
//	130  interrupted by SIGINT or SIGTERM before all was there
//
// Results go to standard output, progress and errors to standard error; an error
// is one sentence. Progress is drawn if standard error is a terminal.
//
// Goroutines: get runs one, the engine's loop, which session.close ends and
// awaits. Signals are the caller's: it cancels the context of Run.
package terminal
