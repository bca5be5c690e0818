package embedded

import "syscall"

// childAttributes make the engine die with us even when we are killed, and keep the terminal's Ctrl-C from it: the sinks still
// need it while we shut down.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
