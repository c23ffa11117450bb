//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

type key struct{ set, step, tool string }

type measured struct {
	cost
	stored int64 // bytes that the storage took after the step
}

type results map[key][]measured

func median[T cmp.Ordered](xs []measured, of func(measured) T) (m T) {
	if len(xs) == 0 {
		return m
	}
	var all []T
	for _, x := range xs {
		all = append(all, of(x))
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}

// foreign is the share of one core that others took while steps ran.
func (r results) foreign() float64 {
	var wall, foreign time.Duration
	for _, xs := range r {
		for _, x := range xs {
			wall += x.wall
			foreign += x.foreign
		}
	}
	return foreign.Seconds() / max(wall.Seconds(), 1e-9)
}

// row is one line of the table: a figure of each tool, the smaller the better.
type row struct {
	title   string
	figures []float64 // in the order of the tools; below 0: the tool has none
	format  string
	bar     float64 // for Roost: the most of the best other's; 0: none is set
	most    float64 // for Roost: the most by itself, in units; 0: none is set
	unit    string
	against int // a row above, for the others' figures where they have none in this; 0: none
}

// rows are all rows of one data set.
func (b *bench) rows(w *workload) (out []row) {
	figures := func(step string, of func(measured) float64) (f []float64) {
		for _, t := range b.tools {
			if xs := b.results[key{w.name, step, t.adapter}]; len(xs) > 0 {
				f = append(f, median(xs, of))
			} else {
				f = append(f, -1)
			}
		}
		return f
	}
	stored := func(m measured) float64 { return float64(m.stored) / mb }
	for i, x := range w.steps {
		r := row{title: x.title + ", s", figures: figures(x.name, func(m measured) float64 { return m.wall.Seconds() }), format: "%.2f", bar: x.bar, most: x.most, unit: "s"}
		if x.name == "kept" {
			r.against = i - 1
		}
		out = append(out, r)
		if x.name == "restore" { // Roost ends when the files would survive a power cut, the others do not say when
			onDisk := figures(x.name, func(m measured) float64 { return (m.wall + m.sync).Seconds() })
			out = append(out, row{title: x.title + " that is on the disk, s", figures: onDisk, format: "%.2f"})
		}
	}
	first := figures("first", stored)
	out = append(out, row{title: "stored after the first, MB", figures: first, format: "%.1f", bar: 1})
	if edits := figures("edits", stored); slices.Max(edits) >= 0 {
		for i := range edits {
			if edits[i] >= 0 {
				edits[i] -= first[i]
			}
		}
		out = append(out, row{title: "more after a day's edits, MB", figures: edits, format: "%.1f", bar: 0.5})
	}
	highest := func(of func(measured) float64) (f []float64) {
		for i := range b.tools {
			f = append(f, -1)
			for _, x := range w.steps {
				f[i] = max(f[i], figures(x.name, of)[i])
			}
		}
		return f
	}
	return append(
		out,
		row{title: "processor time of the first, s", figures: figures("first", func(m measured) float64 { return m.cpu.Seconds() }), format: "%.1f"},
		row{title: "peak memory of the client, MB", figures: highest(func(m measured) float64 { return float64(m.client) / mb }), format: "%.0f", most: 200, unit: "MB"},
		row{title: "peak memory of the storage, MB", figures: highest(func(m measured) float64 { return float64(m.server) / mb }), format: "%.0f"},
	)
}

// verdict is the last three columns: Roost beside the best other, the bar, and whether it is met.
func (r *row) verdict(others []float64) (ratio, bar, met string) {
	own := r.figures[0]
	others = slices.DeleteFunc(slices.Clone(others), func(f float64) bool { return f <= 0 })
	limit := r.most
	switch {
	case r.most > 0:
		bar = fmt.Sprintf("≤ %g %s", r.most, r.unit)
	case r.bar > 0 && len(others) > 0:
		bar, limit = fmt.Sprintf("≤ %g", r.bar), r.bar*slices.Min(others)
	}
	if len(others) > 0 {
		ratio = fmt.Sprintf("%.2f", own/slices.Min(others))
	}
	if own < 0 { // it failed, and that is no good figure
		ratio = "–"
	}
	if bar != "" {
		met = "no"
		if own >= 0 && own <= limit {
			met = "yes"
		}
	}
	return ratio, bar, met
}

// report prints the table. It fails when a step did, so that no gap passes for a result.
func (b *bench) report(ctx context.Context, out io.Writer) error {
	roost := b.tools[0].adapter == "roost"
	for i := range b.sets {
		w := &b.sets[i]
		fmt.Fprintf(out, "\n### %s\n\n| |", w.name)
		for _, t := range b.tools {
			fmt.Fprintf(out, " %s |", t.name)
		}
		fmt.Fprint(out, " Roost / best | bar | met |\n|---|", strings.Repeat("---:|", len(b.tools)), "---:|---|---|\n")
		rows := b.rows(w)
		for _, r := range rows {
			fmt.Fprintf(out, "| %s |", r.title)
			for _, f := range r.figures {
				if f < 0 {
					fmt.Fprint(out, " – |")
				} else {
					fmt.Fprintf(out, " "+r.format+" |", f)
				}
			}
			others := r.figures[1:]
			if r.against > 0 {
				others = rows[r.against].figures[1:]
			}
			var ratio, bar, met string
			if roost {
				ratio, bar, met = r.verdict(others)
			}
			fmt.Fprintf(out, " %s | %s | %s |\n", ratio, bar, met)
		}
	}
	if b.scale != 1 {
		fmt.Fprint(out, "\nThe bars are meant for data at scale 1: with less, what every start costs hides the rest.\n")
	}
	fmt.Fprintf(out, "\n%s; %s. Rounds: %d, of which the medians are shown; scale of the data: %g. While a step ran, others took %.0f %% of one core.\n\n",
		machine(), time.Now().Format(time.DateOnly), b.rounds, b.scale, 100*b.results.foreign())
	for i := range b.tools {
		s := &state{tool: &b.tools[i], adapters: b.adapters, dir: os.TempDir(), log: io.Discard}
		v, err := s.ask(ctx, "version")
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "- %s\n", strings.Join(strings.Split(v, "\n"), "; "))
	}
	if b.failed > 0 {
		return errors.New("some steps failed: what the table has of them is not whole")
	}
	return nil
}

// machine says on what this runs.
func machine() string {
	model := runtime.GOARCH
	b, _ := os.ReadFile("/proc/cpuinfo") // without it, the architecture must do
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
			model = strings.TrimSpace(v)
			break
		}
	}
	memory := ""
	b, _ = os.ReadFile("/proc/meminfo")
	var kb int64
	if _, err := fmt.Sscanf(string(b), "MemTotal: %d kB", &kb); err == nil {
		memory = fmt.Sprintf(", %d GB of memory", kb>>20)
	}
	return fmt.Sprintf("%d cores of %s%s, Linux, %s", runtime.NumCPU(), model, memory, runtime.Version())
}
