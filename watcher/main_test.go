package watcher

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// patient is how long a test waits for what must come.
const patient = 60 * time.Second

// fence is a directory that tests make for [watching.reported]. Events come in order: when one of it is reported, all
// that came before are.
const fence = ".fence"

// watching is a watcher at work.
type watching struct {
	t       *testing.T
	dir     string
	changes chan Change
	states  chan State
	stop    func() error
}

// watch runs a watcher of dir; the first report is still to come.
func watch(t *testing.T, dir string, o Options, change ...func(*Watcher)) *watching {
	t.Helper()
	if o.Settle == 0 {
		o.Settle = 10 * time.Millisecond
	}
	w := New(dir, o)
	for _, c := range change {
		c(w)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &watching{t: t, dir: dir, changes: make(chan Change), states: make(chan State, 1<<16)}
	ended := make(chan error, 1)
	go func() {
		ended <- w.Run(ctx, func(c Change) {
			select {
			case r.changes <- c:
			case <-ctx.Done():
			}
		}, func(s State) { r.states <- s })
	}()
	stopped := false
	r.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(patient):
			t.Fatal("Run does not end")
			return nil
		}
	}
	t.Cleanup(func() { _ = r.stop() })
	return r
}

// watched runs a watcher of dir, with a fence in it, that has made its first report.
func watched(t *testing.T, dir string, o Options, change ...func(*Watcher)) *watching {
	t.Helper()
	must(t, os.MkdirAll(filepath.Join(dir, fence), 0o700))
	r := watch(t, dir, o, change...)
	if c := r.next(); !c.All || c.Why != nil || c.Dirs != nil {
		t.Fatalf("the first report is %+v", c)
	}
	return r
}

// every shortens the time between safety checks.
func every(d time.Duration) func(*Watcher) { return func(w *Watcher) { w.every = d } }

func (r *watching) next() Change {
	r.t.Helper()
	select {
	case c := <-r.changes:
		return c
	case <-time.After(patient):
		r.t.Fatal("nothing is reported")
		return Change{}
	}
}

// reported returns all that was reported of what was done until now, without the fence.
func (r *watching) reported() Change {
	r.t.Helper()
	must(r.t, os.WriteFile(filepath.Join(r.dir, fence, "x"), nil, 0o600))
	var sum dirty
	for {
		c := r.next()
		sum.add(news{dirs: c.Dirs, all: c.All, why: c.Why})
		if c.All || slices.Contains(c.Dirs, fence) {
			got := sum.take()
			got.Dirs = slices.DeleteFunc(got.Dirs, func(d string) bool { return d == fence })
			return got
		}
	}
}

// until waits for a state.
func (r *watching) until(what string, is func(State) bool) State {
	r.t.Helper()
	var last State
	for deadline := time.After(patient); ; {
		select {
		case last = <-r.states:
			if is(last) {
				return last
			}
		case <-deadline:
			r.t.Fatalf("never %s; the last state is %+v", what, last)
		}
	}
}

// clean waits until nothing is dirty, and returns that state.
func (r *watching) clean() State {
	r.t.Helper()
	return r.until("clean", func(s State) bool { return s.Watching && s.DirtySince.IsZero() })
}

func (r *watching) wants(dirs ...string) {
	r.t.Helper()
	if got := r.reported(); got.All || !slices.Equal(got.Dirs, dirs) {
		r.t.Errorf("reported %+v, wanted %q", got, dirs)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, []byte(text), 0o600))
}
