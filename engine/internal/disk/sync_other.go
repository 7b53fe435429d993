//go:build !linux

package disk

import (
	"errors"
	"os"
)

func syncsWhole(string) bool { return false }

func keepsNumbers(string) bool { return false }

func syncWhole(string) error { return errors.ErrUnsupported }

const drains = false

func startWriteOut(*os.File) {}

func writeOut(f *os.File) error { return f.Sync() }
