package test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// inside is set in the copy of the test that runs in a network namespace.
const inside = "PIECEWISE_TEST_INSIDE"

// Inside reports whether we are in a network namespace of our own, in which all of
// 10.99.0.0/16 is this machine.
func Inside() bool { return os.Getenv(inside) != "" }

// InNamespace runs the calling test, which must have no parents, once more in a
// network namespace of its own and reports false; there it reports true. Nothing
// leaves a namespace, so programs need not be told to stay on this machine, and
// addresses are none of 127.0.0.0/8, which some clients ignore. The test is
// skipped where we may not make a namespace.
func InNamespace(t *testing.T) bool {
	t.Helper()
	return inNamespace(t, []string{"--net"}, `ip link set lo up && ip address add 10.99.0.1/16 dev lo && exec "$@"`)
}

func inNamespace(t *testing.T, enter []string, setup string) bool {
	t.Helper()
	if Inside() {
		return true
	}
	if os.Geteuid() != 0 {
		// Root in there as long as it takes, then nobody: opentracker refuses to be root.
		enter = append([]string{"--user", "--map-root-user"}, enter...)
		setup = strings.Replace(setup, `"$@"`, `unshare --user --map-user=65534 "$@"`, 1)
	}
	unshare := func(args ...string) *exec.Cmd {
		return Command(t, t.TempDir(), "unshare", append(append(enter, "sh", "-c", setup, "sh"), args...)...)
	}
	if said, err := unshare("true").CombinedOutput(); err != nil {
		t.Skipf("no network namespace can be made here, neither as root nor with user namespaces: %v, %s", err, said)
	}
	cmd := unshare(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=5m")
	cmd.Env = append(cmd.Env, inside+"=1", "PIECEWISE="+Binary)
	cmd.Dir, _ = os.Getwd() // where the scripts are
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("in a network namespace: %v\n%s", err, said)
	}
	return false
}
