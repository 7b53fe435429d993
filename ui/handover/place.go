package handover

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// longestSocket is what fits sun_path on every system, the final zero included.
const longestSocket = 103

// place is where the instances of one profile meet.
type place struct {
	socket string
	lock   string
}

// placeFor makes the private directory if need be. The names in it come from a
// hash because the path of a unix socket is limited to about 100 bytes while a
// profile may lie anywhere.
func placeFor(profile string) (place, error) {
	abs, err := resolve(profile)
	if err != nil {
		return place{}, err
	}
	sum := sha256.Sum256([]byte(abs))
	name := hex.EncodeToString(sum[:8])
	dir := directory(len(name) + len(".sock"))
	if err := private(dir); err != nil {
		return place{}, err
	}
	p := place{socket: filepath.Join(dir, name+".sock"), lock: filepath.Join(dir, name+".lock")}
	if len(p.socket) > longestSocket {
		return place{}, fmt.Errorf("the path %s is too long for a socket: set TMPDIR to a shorter one", p.socket)
	}
	return p, nil
}

// resolve follows the symbolic links of the part of the path that exists, so
// that a profile has one name before and after its first use.
func resolve(profile string) (string, error) {
	abs, err := filepath.Abs(profile)
	if err != nil {
		return "", fmt.Errorf("find profile: %w", err)
	}
	rest := ""
	for dir := abs; ; dir = filepath.Dir(dir) {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest), nil
		}
		if dir == filepath.Dir(dir) {
			return abs, nil
		}
		rest = filepath.Join(filepath.Base(dir), rest)
	}
}

// directory is below the session's runtime directory if that is ours (after
// su or sudo it is not) and a name of the length given fits behind it.
func directory(name int) string {
	run := os.Getenv("XDG_RUNTIME_DIR")
	if fi, err := os.Lstat(run); filepath.IsAbs(run) && err == nil && fi.IsDir() && checkOwner(fi) == nil {
		if dir := filepath.Join(run, "piecewise"); len(dir)+1+name <= longestSocket {
			return dir
		}
	}
	if uid := os.Getuid(); uid >= 0 {
		return filepath.Join(os.TempDir(), fmt.Sprintf("piecewise-%d", uid))
	}
	return filepath.Join(os.TempDir(), "piecewise")
}

// private makes dir or refuses it: in a shared temporary directory somebody
// else may have made it first, to listen in or to send us elsewhere.
func private(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make private directory: %w", err)
	}
	fi, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at private directory: %w", err)
	}
	if !fi.IsDir() {
		return fmt.Errorf("%s is not a directory: remove it", dir)
	}
	if err := checkOwner(fi); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	if err := checkMode(fi); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}
