//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tool is one backup tool with its storage: an adapter, NAME.sh beside this file, whose functions are run one by one;
// roost.sh says which there are.
type tool struct {
	name, adapter string
	needs         []string // programs, looked for in PATH
}

var tools = []tool{
	{"Roost, Kubo", "roost", []string{"roost", "ipfs"}},
	{"restic, rest-server", "restic-rest", []string{"restic", "rest-server"}},
	{"kopia, its server", "kopia-server", []string{"kopia"}},
}

// missing is a program that is not found.
func (t *tool) missing() string {
	for _, p := range t.needs {
		if _, err := exec.LookPath(p); err != nil {
			return p
		}
	}
	return ""
}

// state is one tool in one round: a backup of its own, from nothing to its restore.
type state struct {
	*tool
	adapters, dir string
	log           io.Writer
}

// cost is what a step took.
type cost struct {
	wall, cpu, foreign time.Duration // foreign: of the processors, by others; much of it spoils the round
	sync               time.Duration // what writing to the disk took that the tool left to the system
	client, server     int64         // peak memory, in bytes
}

func (s *state) command(ctx context.Context, function string, args ...string) *exec.Cmd {
	script := `set -euo pipefail; . "$0"; "$@"`
	cmd := exec.CommandContext(ctx, "bash", append([]string{"-c", script, filepath.Join(s.adapters, s.adapter+".sh"), function}, args...)...)
	cmd.Env = append(os.Environ(), "STATE="+s.dir, "HOME="+filepath.Join(s.dir, "home"), "PASS=a passphrase of a benchmark")
	cmd.Stdout, cmd.Stderr = s.log, s.log
	return cmd
}

// ask runs a function that answers with one line.
func (s *state) ask(ctx context.Context, function string) (string, error) {
	cmd := s.command(ctx, function)
	cmd.Stdout = nil
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %s: %w", s.name, function, err)
	}
	return strings.TrimSpace(string(out)), nil
}

func (s *state) size(ctx context.Context) (int64, error) {
	line, err := s.ask(ctx, "size")
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(line, 10, 64)
}

// run measures a function. What others left to be written is written before it begins.
func (s *state) run(ctx context.Context, function string, args ...string) (c cost, err error) {
	syscall.Sync()
	debug.FreeOSMemory() // the peak of a child begins with what its parent had
	resetPeak("self")
	before := s.servers()
	for pid := range before {
		resetPeak(pid)
	}
	cmd := s.command(ctx, function, args...)
	busy, start := machineBusy(), time.Now()
	err = cmd.Run()
	c.wall, c.foreign = time.Since(start), machineBusy()-busy
	if cmd.ProcessState != nil {
		c.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		c.client = cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	}
	for pid, now := range s.servers() {
		c.cpu += now - before[pid]
		c.server += peak(pid)
	}
	c.foreign = max(0, c.foreign-c.cpu)
	start = time.Now()
	syscall.Sync()
	c.sync = time.Since(start)
	if err != nil {
		return c, fmt.Errorf("%s: %s: %w", s.name, function, err)
	}
	return c, nil
}

// What serve_start and keep_start write: the processes that run beside the client.
const (
	serverPID = "server.pid"
	keeperPID = "keeper.pid"
)

func pids(file string) []string {
	b, _ := os.ReadFile(file) // none: nothing runs
	return strings.Fields(string(b))
}

func (s *state) pids() []string {
	return append(pids(filepath.Join(s.dir, keeperPID)), pids(filepath.Join(s.dir, serverPID))...)
}

// servers maps their pids to the processor time that each has had.
func (s *state) servers() map[string]time.Duration {
	out := map[string]time.Duration{}
	for _, pid := range s.pids() {
		if used, ok := used(pid); ok {
			out[pid] = used
		}
	}
	return out
}

// end stops them and waits until they are gone.
func (s *state) end() error {
	for _, pid := range s.pids() {
		id, err := strconv.Atoi(pid)
		if err != nil {
			return fmt.Errorf("%s wrote a pid %q", s.adapter, pid)
		}
		for i := range 300 {
			sig := syscall.Signal(0)
			switch i {
			case 0:
				sig = syscall.SIGTERM
			case 200:
				sig = syscall.SIGKILL
			}
			if _, running := used(pid); !running || syscall.Kill(id, sig) != nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	return removeAll(s.dir)
}

// removeAll removes what a tool restored, folders that may not be written included.
func removeAll(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o700)
		}
		return err
	})
	if err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

const ticks = 100 // a second, in /proc, on every Linux

// used is the processor time of a process that runs.
func used(pid string) (time.Duration, bool) {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if err != nil || len(f) < 13 || f[0] == "Z" {
		return 0, false
	}
	return jiffies(f[11:13]), true
}

func jiffies(fields []string) time.Duration {
	n := 0
	for _, f := range fields {
		k, _ := strconv.Atoi(f) // the kernel writes numbers
		n += k
	}
	return time.Duration(n) * time.Second / ticks
}

// machineBusy is how long all processors together have worked since they started.
func machineBusy() time.Duration {
	b, _ := os.ReadFile("/proc/stat") // without it, foreign is 0
	line, _, _ := strings.Cut(string(b), "\n")
	f := strings.Fields(line)
	if len(f) < 9 {
		return 0
	}
	return jiffies(f[1:4]) + jiffies(f[6:9])
}

func resetPeak(pid string) {
	_ = os.WriteFile("/proc/"+pid+"/clear_refs", []byte("5"), 0) // else the peak is one of before
}

func peak(pid string) int64 {
	b, _ := os.ReadFile("/proc/" + pid + "/status") // it ended: 0
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmHWM:" {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			return n << 10
		}
	}
	return 0
}
