package terminal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// windowProfile returns the folder of the window's profile: the torrents in it are
// the user's, so it is data.
func windowProfile() string {
	return filepath.Join(home("XDG_DATA_HOME", ".local/share"), "piecewise")
}

// getProfile returns a folder of its own for each (dir, sources), so that the same
// command after an interruption goes on where it was.
func getProfile(dir string, sources []string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the folder to save in: %w", err)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q", dir)
	for _, s := range sources {
		if _, err := os.Stat(s); err == nil {
			if s, err = filepath.Abs(s); err != nil {
				return "", fmt.Errorf("find the torrent file: %w", err)
			}
		}
		fmt.Fprintf(h, "%q", strings.TrimSpace(s))
	}
	name := hex.EncodeToString(h.Sum(nil)[:8])
	return filepath.Join(home("XDG_STATE_HOME", ".local/state"), "piecewise", "get", name), nil
}

// home returns the folder that a variable of the XDG base directory specification
// names. Relative ones are to be ignored, it says.
func home(variable, fallback string) string {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return dir
	}
	user, err := os.UserHomeDir()
	if err != nil {
		user = os.TempDir()
	}
	return filepath.Join(user, filepath.FromSlash(fallback))
}
