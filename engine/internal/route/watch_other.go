//go:build !linux

package route

import "context"

// watchLinks calls changed now and then, until ctx ends.
func watchLinks(ctx context.Context, changed func()) { poll(ctx, changed) }
