//go:build !unix

package handover

import "io/fs"

// Without unix owners and modes the directory lies in the user's own temporary
// one, whose access list keeps others out.

func checkOwner(fs.FileInfo) error { return nil }

func checkMode(fs.FileInfo) error { return nil }
