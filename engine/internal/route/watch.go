package route

import (
	"context"
	"time"
)

// pollEvery is how often interfaces are looked at where the system does not tell.
const pollEvery = 2 * time.Second

// poll calls changed again and again until ctx ends.
func poll(ctx context.Context, changed func()) {
	t := time.NewTicker(pollEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			changed()
		}
	}
}
