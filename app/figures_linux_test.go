package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"roost/syncer"
	"roost/vault/node/nodetest"
)

// Bounds of a Roost that has nothing to do, without the storage.
const (
	mostIdleCPU   = 0.001 // of a core
	mostIdleWakes = 8     // a second, of all threads: for one wake of the program, Go's own threads wake several times
	mostIdleMB    = 80    // resident, with 100,000 files
)

// BenchmarkFilesAreKept is what the headless program takes to keep that many small files, as people run it: how soon after
// the start all are watched and safe, how soon one file and a hundred are after they changed, and what it takes of the
// computer while nothing happens. The times are those of a computer that has nothing else to do; the rest has to hold anywhere.
func BenchmarkFilesAreKept(b *testing.B) {
	program := filepath.Join(b.TempDir(), "roost")
	build := exec.Command("go", "build", "-trimpath", "-tags", "headless", "-ldflags", "-s -w", "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	for _, files := range []int{100_000, 1_000_000} {
		b.Run(strconv.Itoa(files), func(b *testing.B) {
			w := &world{t: b, program: program, storage: nodetest.StartKubo(b)}
			w.anew()
			for i := range files {
				w.write(fmt.Sprintf("%d/%d/%d", i/2000, i/20, i), fmt.Sprint("file ", i))
			}
			w.added()
			w.roost("backup")
			for b.Loop() {
				w.measure(b, files)
			}
		})
	}
}

// measure runs a Roost once.
func (w *world) measure(b *testing.B, files int) {
	cmd := w.command("roost", "run")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	w.until(b, func(s syncer.Status) bool { return len(s.Folders) == 1 && s.Folders[0].Watched })
	b.ReportMetric(time.Since(began).Seconds(), "s-to-watched")
	safe := func(s syncer.Status) bool { return s.State == "safe" && s.Progress == nil }
	s := w.until(b, safe)
	b.ReportMetric(time.Since(began).Seconds(), "s-to-safe")

	newer := func(before syncer.Status) func(syncer.Status) bool {
		return func(s syncer.Status) bool { return safe(s) && s.Folders[0].Snapshot != before.Folders[0].Snapshot }
	}
	began = time.Now()
	w.write("0/0/0", fmt.Sprint("changed at ", began))
	s = w.until(b, newer(s))
	b.ReportMetric(time.Since(began).Seconds(), "s-one-file")
	began = time.Now()
	for i := range 100 {
		w.write(fmt.Sprintf("new/%d", i), noise(uint64(began.UnixNano())+uint64(i), 20_000))
	}
	all := s.Folders[0].Files + 100
	w.until(b, func(s syncer.Status) bool { return safe(s) && s.Folders[0].Files == all })
	b.ReportMetric(time.Since(began).Seconds(), "s-100-files")

	var cpu, wakes float64
	var after taken
	for range 5 { // now and then it looks through the versions, which is no idling
		const minute = 60
		before := takenBy(b, cmd.Process.Pid)
		time.Sleep(minute * time.Second)
		after = takenBy(b, cmd.Process.Pid)
		cpu, wakes = (after.cpu-before.cpu).Seconds()/minute, 0
		for id, n := range after.wakes {
			wakes += float64(n-before.wakes[id]) / minute
		}
		b.Logf("in a minute: %v of a processor, %.2f wakes a second, %.0f MB", after.cpu-before.cpu, wakes, after.mb)
		if cpu <= mostIdleCPU && wakes <= mostIdleWakes {
			break
		}
	}
	b.ReportMetric(100*cpu, "%-idle-cpu")
	b.ReportMetric(wakes, "wakes/s")
	b.ReportMetric(after.mb, "MB")
	if cpu > mostIdleCPU {
		b.Errorf("with nothing to do it takes %.3f %% of a core, more than %.3f", 100*cpu, 100*mostIdleCPU)
	}
	if wakes > mostIdleWakes {
		b.Errorf("its threads wake %.2f times a second with nothing to do, more than %d", wakes, mostIdleWakes)
	}
	if after.mb > mostIdleMB && files <= 100_000 {
		b.Errorf("it holds %.0f MB, more than %d", after.mb, mostIdleMB)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		b.Fatalf("%v\n%s", err, &errs)
	}
}

// until waits for a status of the Roost of this world.
func (w *world) until(b *testing.B, ok func(syncer.Status) bool) syncer.Status {
	b.Helper()
	var last syncer.Status
	for end := time.Now().Add(20 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		r, err := findRunning(b.Context(), w.home())
		if err != nil || r == nil {
			continue // it is not up yet
		}
		if last, err = r.Status(b.Context()); err == nil && ok(last) {
			return last
		}
	}
	b.Fatalf("it did not happen; the last status is %+v", last)
	return last
}

// taken is what a process has taken of the computer.
type taken struct {
	cpu   time.Duration
	mb    float64        // resident
	wakes map[string]int // by thread
}

func takenBy(b *testing.B, pid int) taken {
	b.Helper()
	proc := fmt.Sprintf("/proc/%d", pid)
	stat, err := os.ReadFile(proc + "/stat")
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	u := taken{cpu: time.Duration(number(b, fields[11])+number(b, fields[12])) * time.Second / 100, wakes: map[string]int{}}
	u.mb = float64(number(b, field(b, proc+"/status", "VmRSS:"))) / 1000
	threads, err := filepath.Glob(proc + "/task/*/status")
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range threads {
		u.wakes[path] = number(b, field(b, path, "voluntary_ctxt_switches:"))
	}
	return u
}

// field is the first word behind a name in a file of the kernel's.
func field(b *testing.B, path, name string) string {
	b.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			return strings.Fields(rest)[0]
		}
	}
	b.Fatalf("%s has no %s", path, name)
	return ""
}

func number(b *testing.B, s string) int {
	b.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		b.Fatal(err)
	}
	return n
}
