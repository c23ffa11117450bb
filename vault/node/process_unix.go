//go:build unix

package node

import (
	"os/exec"
	"syscall"
)

// detach gives a child a process group of its own, so that Ctrl-C in our terminal does not end it before we do. It has
// no parent-death signal: that is bound to a thread, not to a process, and an orphan is adopted at the next start.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
