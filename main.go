// Piecewise is a desktop BitTorrent client that shows every piece on its way.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"piecewise/ui/terminal"
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command, err := terminal.Parse(args)
	if err != nil {
		return terminal.Report(os.Stderr, err)
	}
	if w, ok := command.Window(); ok {
		return terminal.Report(os.Stderr, terminal.CannotRun(open(ctx, w, args)))
	}
	return command.Run(ctx, terminal.Stdio{Out: os.Stdout, Err: os.Stderr})
}
