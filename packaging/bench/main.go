//go:build linux

// Command bench runs Roost, and the tools beside it whose programs are found, on the same data, and prints how they
// compare, in Markdown. BENCHMARKS.md has the last results.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// workload is a data set and what is done with it.
type workload struct {
	name  string
	make  func(*set)
	steps []step
}

// step is a row of the table.
type step struct {
	name, title string
	bar         float64 // the most of the best other's time; 0: none is set
	own         bool    // Roost alone does it
	most        float64 // the most that it takes, in seconds; 0: none is set
}

var workloads = []workload{
	{"mixed", (*set).mixed, []step{
		{name: "first", title: "first backup", bar: 0.75},
		{name: "unchanged", title: "nothing changed", bar: 0.4},
		{name: "edits", title: "after a day's edits", bar: 0.7},
		{name: "restore", title: "restore", bar: 0.9},
	}},
	{"small", (*set).small, []step{
		{name: "first", title: "first backup", bar: 0.75},
		{name: "unchanged", title: "nothing changed", bar: 0.4},
		{name: "one", title: "one file changed, found by a look at all"},
		{name: "kept", title: "one file changed, known from the watcher", bar: 0.15, own: true},
		{name: "restore", title: "restore", bar: 0.9},
		{name: "recover", title: "new device: a file, after the words", own: true, most: 3},
	}},
	{"big", (*set).big, []step{
		{name: "first", title: "first backup", bar: 0.75},
		{name: "unchanged", title: "nothing changed"},
		{name: "restore", title: "restore", bar: 0.9},
	}},
}

// options are what the command line says.
type options struct {
	dir, adapters, only, sets string
	rounds                    int
	scale                     float64
}

func run(ctx context.Context, args []string, out, log io.Writer) (err error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&o.dir, "dir", "", "where data and backups lie; the data is kept there (a temporary folder, removed)")
	f.StringVar(&o.adapters, "adapters", "packaging/bench", "where the adapters lie")
	f.StringVar(&o.only, "tools", "roost,restic-rest,kopia-server", "adapters to run")
	f.StringVar(&o.sets, "sets", "mixed,small,big", "data sets")
	f.IntVar(&o.rounds, "rounds", 3, "rounds; the table shows medians")
	f.Float64Var(&o.scale, "scale", 1, "size of the data sets")
	if err := f.Parse(args); err != nil {
		return err
	}
	if o.rounds < 1 || o.scale <= 0 || f.NArg() > 0 {
		return fmt.Errorf("rounds and scale are above 0, and there are no arguments")
	}
	if o.dir == "" {
		temp, err := os.MkdirTemp("", "roost-bench-")
		if err != nil {
			return err
		}
		o.dir = temp
		defer os.RemoveAll(temp)
	}
	for _, p := range []*string{&o.dir, &o.adapters} {
		if *p, err = filepath.Abs(*p); err != nil {
			return err
		}
	}
	o.dir = filepath.Join(o.dir, "roost-bench") // what is removed in it is nobody else's
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return err
	}
	b := &bench{options: o, log: log, results: results{}}
	for _, t := range tools {
		if !listed(o.only, t.adapter) {
			continue
		}
		if p := t.missing(); p != "" {
			fmt.Fprintf(log, "%s is left out: there is no %s in PATH\n", t.name, p)
			continue
		}
		b.tools = append(b.tools, t)
	}
	if len(b.tools) == 0 {
		return fmt.Errorf("none of the tools is there")
	}
	for _, w := range workloads {
		if listed(o.sets, w.name) {
			b.sets = append(b.sets, w)
		}
	}
	if err := b.all(ctx); err != nil {
		return err
	}
	return b.report(ctx, out)
}

func listed(list, name string) bool { return strings.Contains(","+list+",", ","+name+",") }

type bench struct {
	options
	tools   []tool
	sets    []workload
	log     io.Writer
	results results
	failed  int // steps
}

// all runs every round: A B C A B C, so that drift of the machine hits all alike. A tool that fails is told so in the
// table, and the others go on.
func (b *bench) all(ctx context.Context) error {
	for _, w := range b.sets {
		data := filepath.Join(b.dir, fmt.Sprintf("%s-%g", w.name, b.scale))
		if _, err := os.Stat(data); err != nil {
			fmt.Fprintln(b.log, "making", w.name)
			part := data + ".part"
			if err := removeAll(part); err != nil {
				return err
			}
			s := &set{root: part, scale: b.scale}
			if w.make(s); s.err != nil {
				return fmt.Errorf("make %s: %w", w.name, s.err)
			}
			if err := os.Rename(part, data); err != nil {
				return err
			}
		}
		for round := range b.rounds {
			for i := range b.tools {
				err := b.round(ctx, &b.tools[i], &w, data, round)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err != nil {
					b.failed++
					fmt.Fprintln(b.log, "FAILED:", err)
				}
			}
		}
	}
	return nil
}

// round is one tool's way from an empty storage to a restore that equals the source, a copy of the data.
func (b *bench) round(ctx context.Context, t *tool, w *workload, data string, round int) (err error) {
	dir := filepath.Join(b.dir, "work")
	if err := removeAll(dir); err != nil {
		return err
	}
	s := &state{tool: t, adapters: b.adapters, dir: filepath.Join(dir, t.adapter), log: b.log}
	source := &set{root: filepath.Join(dir, "source"), scale: b.scale}
	restored := filepath.Join(dir, "restored")
	for _, d := range []string{filepath.Join(s.dir, "home"), restored} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	if out, err := exec.CommandContext(ctx, "cp", "-a", data, source.root).CombinedOutput(); err != nil { // it warms the cache, too
		return fmt.Errorf("copy the data: %w: %s", err, out)
	}
	defer func() {
		for _, e := range []error{s.end(), removeAll(dir)} {
			if err == nil {
				err = e
			}
		}
	}()
	if _, err := s.run(ctx, "init"); err != nil {
		return err
	}
	if _, err := s.run(ctx, "serve_start"); err != nil {
		return err
	}
	for _, x := range w.steps {
		if x.own && t.adapter != "roost" {
			continue
		}
		c, err := s.step(ctx, x.name, source, restored, round)
		if err != nil {
			return err
		}
		stored, err := s.size(ctx)
		if err != nil {
			return err
		}
		b.note(w, x, t, c, stored)
	}
	return nil
}

// step is one row of the table: what is changed before it, the tool's part, and what must be true after it.
func (s *state) step(ctx context.Context, name string, source *set, restored string, round int) (c cost, err error) {
	switch name {
	case "edits":
		source.edits()
	case "one":
		source.one(2*round + 1)
	case "kept":
		return s.kept(ctx, source, 2*round+2)
	case "restore":
		if c, err = s.run(ctx, "restore", restored); err == nil {
			err = s.equal(source.root, restored)
		}
		return c, err
	case "recover":
		file := filepath.Join(restored, "found")
		if c, err = s.run(ctx, "recover", smallName(0), file); err == nil {
			err = s.equal(source.path(smallName(0)), file)
		}
		return c, err
	}
	if source.err != nil {
		return c, source.err
	}
	return s.run(ctx, "backup", source.root)
}

// equal fails unless a restore gave what was saved.
func (s *state) equal(want, got string) error {
	diff, err := differences(want, got)
	if err == nil && len(diff) > 0 {
		err = fmt.Errorf("%s restored something else: %s", s.name, strings.Join(diff, "; "))
	}
	return err
}

// settle is how long the adapter has the watcher wait after a change; it is not counted.
const settle = time.Second

// kept changes one file while Roost runs and watches, and measures until the storage has it, by what Roost notes then.
func (s *state) kept(ctx context.Context, source *set, n int) (c cost, err error) {
	if _, err := s.run(ctx, "keep_start", source.root); err != nil {
		return c, err
	}
	changed := time.Now()
	source.one(n)
	if source.err != nil {
		return c, source.err
	}
	for time.Since(changed) < time.Minute {
		line, err := s.ask(ctx, "keep_saved")
		if err != nil {
			return c, err
		}
		saved, err := time.Parse(time.RFC3339Nano, line)
		if err != nil {
			return c, fmt.Errorf("%s: %w", s.name, err)
		}
		if saved.After(changed) {
			c.wall = saved.Sub(changed) - settle
			for _, pid := range pids(filepath.Join(s.dir, keeperPID)) {
				c.client += peak(pid)
			}
			_, err := s.run(ctx, "keep_stop")
			return c, err
		}
	}
	return c, fmt.Errorf("%s: a change was not saved for a minute", s.name)
}

func (b *bench) note(w *workload, x step, t *tool, c cost, stored int64) {
	fmt.Fprintf(b.log, "%s %-5s %-9s %-19s wall %6.2f cpu %6.2f foreign %5.2f s, client %3d server %3d stored %4d MB\n", time.Now().Format("15:04:05"),
		w.name, x.name, t.name, c.wall.Seconds(), c.cpu.Seconds(), c.foreign.Seconds(), c.client/mb, c.server/mb, stored/mb)
	k := key{w.name, x.name, t.adapter}
	b.results[k] = append(b.results[k], measured{c, stored})
}
