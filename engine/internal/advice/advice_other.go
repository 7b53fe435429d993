//go:build !linux

package advice

import "os"

// Elsewhere the system is left to guess.

func ownWay(*os.File) {}

func cached(*os.File, int64, int64) bool { return true }

func willNeed(*os.File, int64, int64) {}

func dontNeed(*os.File, int64, int64) {}

func inMemory(*os.File) bool { return false }

func readNow(*os.File, []byte, int64) int { return 0 }

// ReadCached reads what is in the page cache, where that can be told.
func ReadCached(*os.File, [][]byte, int64) int { return 0 }
