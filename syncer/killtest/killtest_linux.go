package killtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// calls are the system calls that may be points, and where they name what they change.
var calls = withOld(map[uint32]call{
	unix.SYS_WRITE:           {"write", byFile},
	unix.SYS_WRITEV:          {"writev", byFile},
	unix.SYS_PWRITE64:        {"pwrite", byFile},
	unix.SYS_SENDTO:          {"send", byFile},
	unix.SYS_FTRUNCATE:       {"truncate", byFile},
	unix.SYS_FALLOCATE:       {"allocate", byFile},
	unix.SYS_FSYNC:           {"fsync", byFile},
	unix.SYS_FDATASYNC:       {"fdatasync", byFile},
	unix.SYS_SYNCFS:          {"syncfs", byFile},
	unix.SYS_RENAMEAT:        {"rename", byName},
	unix.SYS_RENAMEAT2:       {"rename", byName},
	unix.SYS_LINKAT:          {"link", byName},
	unix.SYS_SYMLINKAT:       {"symlink", byName},
	unix.SYS_MKDIRAT:         {"mkdir", byName},
	unix.SYS_UNLINKAT:        {"unlink", byName},
	unix.SYS_UTIMENSAT:       {"times", byName},
	unix.SYS_FCHMOD:          {"chmod", byFile},
	unix.SYS_FSETXATTR:       {"setxattr", byFile},
	unix.SYS_PWRITEV:         {"pwritev", byFile},
	unix.SYS_COPY_FILE_RANGE: {"copy", byOther},
})

type call struct {
	name string
	by   int
}

const (
	byName  = iota // by a path, which is not read
	byFile         // its first argument is a file that is open
	byOther        // its third one is
)

// withOld adds the calls that only amd64 has still, which C code such as SQLite makes.
func withOld(m map[uint32]call) map[uint32]call {
	if runtime.GOARCH == "amd64" {
		m[82], m[83], m[87] = call{"rename", byName}, call{"mkdir", byName}, call{"unlink", byName}
	}
	return m
}

// Become makes this process the program, to be observed by the [Run] that started it. It returns only when it fails.
func Become(program string, args, env []string) error {
	// The filter is of this thread, and the program begins with it alone.
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}} // the number of the call
	for nr := range calls {
		filter = append(filter,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: nr, Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF})
	}
	filter = append(filter, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	// Without the second flag, which Linux has since 5.19, Go's signals may have a call counted twice.
	var listener uintptr
	var no unix.Errno
	for _, flags := range []uintptr{unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER} {
		listener, _, no = unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
		if no == 0 {
			break
		}
	}
	if no != 0 {
		return fmt.Errorf("have calls stopped: %w", no)
	}
	if err := unix.Sendmsg(socket, []byte{0}, unix.UnixRights(int(listener)), nil, 0); err != nil {
		return fmt.Errorf("hand over the calls: %w", err)
	}
	unix.CloseOnExec(socket)
	return fmt.Errorf("run %s: %w", program, unix.Exec(program, args, env))
}

// socket is where Run awaits the calls of its child.
const socket = 3

// Kill is when a program is killed. The zero value lets it end.
type Kill struct {
	At    int  // the point, counted from 1; 0: none
	After bool // the call is still carried out, but the program does not learn its result
}

// Run starts cmd, whose program calls [Become] with no other file open, and waits until it ended or was killed. It returns the points that it came to,
// in order: the call and what it changed, below dir or a socket, with numbers left out. Other calls are none of them, nor
// are those of programs that it started: they go on, also when they outlive it. The error is of observing; how the program
// ended is in cmd.ProcessState.
func Run(cmd *exec.Cmd, dir string, k Kill) (points []string, killed bool, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, false, fmt.Errorf("make a pair of sockets: %w", err)
	}
	child := os.NewFile(uintptr(pair[1]), "calls")
	cmd.ExtraFiles = []*os.File{child}
	err = cmd.Start()
	err = errors.Join(err, child.Close())
	if err != nil {
		return nil, false, errors.Join(fmt.Errorf("start it: %w", err), unix.Close(pair[0]))
	}
	defer func() {
		if err != nil {
			_ = cmd.Process.Kill() // it may have ended
		}
		if failed := cmd.Wait(); err != nil && failed != nil { // else the caller looks at ProcessState
			err = errors.Join(err, failed)
		}
	}()
	ended, err := unix.PidfdOpen(cmd.Process.Pid, 0)
	if err != nil {
		return nil, false, errors.Join(fmt.Errorf("observe the end of a program: %w", err), unix.Close(pair[0]))
	}
	defer func() { err = errors.Join(err, unix.Close(ended)) }()
	listener, err := receive(pair[0])
	err = errors.Join(err, unix.Close(pair[0]))
	if err != nil {
		return nil, false, fmt.Errorf("take over the calls of a program: %w", err)
	}
	defer func() { go letGo(listener) }()
	for {
		n, ok, err := next(listener, ended)
		if err != nil || !ok {
			return points, false, err
		}
		what := ""
		if isOf(n, cmd.Process.Pid) {
			what = calls[uint32(n.nr)].point(n, dir)
		}
		if what != "" {
			points = append(points, what)
		}
		now := what != "" && len(points) == k.At
		if now && !k.After {
			return points, true, cmd.Process.Kill()
		}
		if err := goOn(listener, n.id); err != nil {
			return points, false, err
		}
		if now {
			return points, true, cmd.Process.Kill()
		}
	}
}

// letGo lets every call be carried out until the last program that has the filter ended. When it fails before, their calls
// do.
func letGo(listener int) {
	defer unix.Close(listener)
	for {
		n, ok, err := next(listener, -1)
		if err != nil || !ok || goOn(listener, n.id) != nil {
			return
		}
	}
}

// isOf tells whether a thread of this process made the call.
func isOf(n *notice, process int) bool {
	return int(n.pid) == process || unix.Access(fmt.Sprintf("/proc/%d/task/%d", process, n.pid), unix.F_OK) == nil
}

func receive(from int) (int, error) {
	var data [1]byte
	rights := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(from, data[:], rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return 0, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil {
		return 0, err
	}
	if len(messages) != 1 {
		return 0, errors.New("the program ended before it was to be observed")
	}
	files, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return 0, err
	}
	return files[0], nil
}

// notice is struct seccomp_notif.
type notice struct {
	id    uint64
	pid   uint32
	flags uint32
	nr    int32
	arch  uint32
	ip    uint64
	args  [6]uint64
}

// next waits for a call; false when the program ended, which the second file tells, or all that have the filter did.
func next(listener, ended int) (*notice, bool, error) {
	for {
		p := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}, {Fd: int32(ended), Events: unix.POLLIN}}
		if _, err := unix.Poll(p, -1); errors.Is(err, unix.EINTR) {
			continue
		} else if err != nil {
			return nil, false, fmt.Errorf("wait for a call: %w", err)
		}
		if p[0].Revents&unix.POLLIN == 0 || p[1].Revents != 0 {
			return nil, false, nil
		}
		var n notice
		_, _, no := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n)))
		switch no {
		case 0:
			return &n, true, nil
		case unix.ENOENT, unix.EINTR: // a signal came between
		default:
			return nil, false, fmt.Errorf("receive a call: %w", no)
		}
	}
}

// goOn lets the kernel carry a call out.
func goOn(listener int, id uint64) error {
	answer := struct {
		id    uint64
		val   int64
		err   int32
		flags uint32
	}{id: id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
	_, _, no := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&answer)))
	if no != 0 && no != unix.ENOENT { // the thread has ended
		return fmt.Errorf("let a call go on: %w", no)
	}
	return nil
}

var digits = regexp.MustCompile(`[0-9a-f]*[0-9][0-9a-f]*`)

// point names a call, "" when it is none: a write to a pipe or to the terminal.
func (c call) point(n *notice, dir string) string {
	arg := 0
	switch c.by {
	case byName:
		return c.name
	case byOther:
		arg = 2
	}
	file, err := os.Readlink("/proc/" + strconv.Itoa(int(n.pid)) + "/fd/" + strconv.Itoa(int(int32(n.args[arg]))))
	if err != nil { // closed meanwhile: the call fails
		return ""
	}
	if strings.HasPrefix(file, "socket:") {
		return c.name + " socket"
	}
	rel, err := filepath.Rel(dir, file)
	if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
		return ""
	}
	return c.name + " " + digits.ReplaceAllString(rel, "*")
}
