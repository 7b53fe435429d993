//go:build !linux

package disk

import "os"

// openBeneath says that the file has to be opened step by step.
func openBeneath(place, int) *os.File { return nil }
