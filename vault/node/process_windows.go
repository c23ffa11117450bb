package node

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// detach gives a child no console window and a process group of its own, so that Ctrl-C in ours does not end it before
// we do. An orphan is adopted at the next start.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		HideWindow:    true,
		CreationFlags: windows.CREATE_NO_WINDOW | windows.CREATE_NEW_PROCESS_GROUP,
	}
}
