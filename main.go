// Piecewise is a desktop BitTorrent client that shows every piece on its way.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"piecewise/ui/terminal"
)

// garbage is how much of it may lie around, in per cent of the memory in use. Blocks come
// and go without any, so to look for it more often than Go does by itself costs little.
const garbage = 50

// While the window opens and the list is read there is more than anything to be made
// anew and little to be thrown away. Then it may be so much, for so long, so that
// nobody waits for garbage to be found.
const (
	startGarbage = 400
	startTime    = 2 * time.Second
)

func main() {
	leave(garbage)
	os.Exit(run(os.Args[1:]))
}

// leave has so much garbage lie around, unless the user has said how much.
func leave(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command, err := terminal.Parse(args)
	if err != nil {
		return terminal.Report(os.Stderr, err)
	}
	if w, ok := command.Window(); ok {
		leave(startGarbage)
		time.AfterFunc(startTime, func() { leave(garbage) })
		return terminal.Report(os.Stderr, terminal.CannotRun(open(ctx, w, args)))
	}
	return command.Run(ctx, terminal.Stdio{Out: os.Stdout, Err: os.Stderr})
}
