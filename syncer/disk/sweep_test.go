//go:build linux

package disk

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestSweepRemovesWhatAKilledRestoreLeft(t *testing.T) {
	if os.Getenv(childEnv) != "" { // the restore that gets killed
		d, err := OpenTarget(os.Getenv(childEnv))
		must(t, err)
		f, err := d.Create()
		must(t, err)
		_, err = io.WriteString(f, "half")
		must(t, err)
		fmt.Println("writing")
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	d, dir := target(t)
	cmd := child(t, &syscall.SysProcAttr{}, os.Geteuid())
	cmd.Env = append(cmd.Env, childEnv+"="+dir)
	stdin, err := cmd.StdinPipe()
	must(t, err)
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	for lines := bufio.NewScanner(stdout); lines.Scan() && lines.Text() != "writing"; {
	}
	if n, err := SweepTemp(d); n != 0 || err != nil {
		t.Errorf("swept %d of a restore that still runs, %v", n, err)
	}
	must(t, cmd.Process.Kill())
	if err := cmd.Wait(); err == nil {
		t.Error("the child process ended by itself")
	}
	if n, err := SweepTemp(d); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	wantNames(t, dir)
}

func TestSweepRemovesOnlyWhatIsOurs(t *testing.T) {
	d, dir := target(t)
	const ours = ".roost-tmp-0123456789abcde"
	keep := []string{"file", ".roost-tmp-", ".roost-tmp-notes", ".ROOST-TMP-0123456789abcdef", ours + "2"}
	for _, name := range keep[:4] {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	must(t, os.Mkdir(filepath.Join(dir, ours+"2"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, ours+"0"), nil, 0o600))
	must(t, os.Symlink("file", filepath.Join(dir, ours+"1")))
	if n, err := SweepTemp(d); n != 2 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	wantNames(t, dir, keep...)
}

// A second restore into the same folder sweeps while the first one writes.
func TestSweepingNeverHurtsARunningRestore(t *testing.T) {
	d, dir := target(t)
	other, err := OpenTarget(dir)
	must(t, err)
	defer other.Close()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := SweepTemp(other); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for i := range 500 {
		must(t, write(t, d, fmt.Sprint("file", i%10), strings.Repeat("x", i), plain, true))
	}
	close(stop)
	wg.Wait()
	if list, err := os.ReadDir(dir); err != nil || len(list) != 10 {
		t.Errorf("%v, %v", list, err)
	}
}
