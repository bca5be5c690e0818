package kafka

import "syscall"

// dieWithParent puts a node into its own process group, so that a terminal's interrupt does not reach it before Close does,
// and has the kernel kill it when the thread that started it is gone.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
