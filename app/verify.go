package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"roost/syncer"
	"roost/vault/format"
)

func verifyCommand() *command {
	return &command{
		name: "verify", usage: []string{"[--read PERCENT]", "--drill"}, run: verify,
		about: "prove that the storage holds everything, unharmed",
		help: `Asks every storage, past everything that is remembered here, for each version's structure, and then reads its
content: all of it, or the percentage given. What is found lost or damaged is brought back from another
storage, or sent again by the next backup, as far as this computer still has it.

--drill restores random files from each storage to try it, as a new computer would, and compares them with the
files that are here and with the hashes that were noted when they were saved. It writes nothing. While Roost
runs, both happen by themselves: roost set verify, verify-all and drill say how often.`,
		flags: []flag{
			{name: "read", arg: "PERCENT", help: "how much content to read, 0 to 100 (100)"},
			{name: "drill", help: "restore random files to try it, instead"},
		},
	}
}

type verifyAnswer struct {
	OK       bool          `json:"ok"`
	Blocks   int64         `json:"checked_blocks"`
	Bytes    int64         `json:"checked_bytes"`
	Problems []problemJSON `json:"problems"`
	Mended   int           `json:"mended"` // lost or damaged parts that another storage gave back
	percent  int
}

type drillAnswer struct {
	OK     bool        `json:"ok"`
	Drills []drillJSON `json:"drills"`
}

type drillJSON struct {
	Storage  string        `json:"storage"`
	Time     stamp         `json:"time"`
	Files    int           `json:"files"`    // that were asked for
	Back     int           `json:"back"`     // that came back whole
	Compared int           `json:"compared"` // of those, with the file that is on this computer
	Bytes    int64         `json:"bytes"`
	Failed   []failureJSON `json:"failed"`
}

func newDrills(all []syncer.Drilled) []drillJSON {
	out := []drillJSON{}
	for _, d := range all {
		j := drillJSON{d.Storage, stamp(d.Time), d.Files, d.Back, d.Same, d.Bytes, []failureJSON{}}
		for _, f := range d.Failed {
			j.Failed = append(j.Failed, failureJSON{newPath(f.Path), f.Reason, f.Path})
		}
		out = append(out, j)
	}
	return out
}

func (a drillAnswer) people(w io.Writer) {
	for _, d := range a.Drills {
		if d.Files == 0 {
			fmt.Fprintf(w, "%s: there is no file to try yet.\n", shown(d.Storage))
			continue
		}
		fmt.Fprintf(w, "%s: %d of %d came back; %d are the same as the files here, byte by byte (%s read).\n", shown(d.Storage), d.Back, d.Files, d.Compared, size(d.Bytes))
		for _, f := range d.Failed {
			fmt.Fprintf(w, "  %s: %s\n", shown(f.raw), f.Reason)
		}
	}
}

func verifyDrill(ctx context.Context, c *call) (a answer, err error) {
	err = c.work(ctx, func(e engine) error {
		m := c.meter()
		defer m.end()
		drills, err := e.Drill(ctx, m.report())
		d := drillAnswer{OK: err == nil, Drills: newDrills(drills)}
		missed := 0
		for i := range drills {
			missed += drills[i].Files - drills[i].Back
			d.OK = d.OK && drills[i].OK()
		}
		a = d
		if missed > 0 {
			err = fmt.Errorf("%w: %s", syncer.ErrDrill, many(int64(missed), "file did not", "files did not"))
		}
		return err
	})
	return a, err
}

func verify(ctx context.Context, c *call) (a answer, err error) {
	if c.has("drill") {
		if c.has("read") {
			return nil, usage(c.command, "--drill and --read exclude each other.")
		}
		return verifyDrill(ctx, c)
	}
	percent := 100
	if text := c.value("read"); text != "" {
		if percent, err = strconv.Atoi(strings.TrimSuffix(text, "%")); err != nil || percent < 0 || percent > 100 {
			return nil, usage(c.command, "--read is a percentage from 0 to 100, not %q.", text)
		}
	}
	err = c.work(ctx, func(e engine) error {
		m := c.meter()
		defer m.end()
		checked, err := e.Verify(ctx, percent, m.report())
		if checked == nil {
			return err
		}
		a = newVerifyAnswer(checked, percent)
		if !checked.OK { // counts more than a storage that could not be asked
			err = fmt.Errorf("verify: %s: %w", many(int64(len(checked.Problems)), "problem", "problems"), format.ErrDamaged)
		}
		return err
	})
	return a, err
}

func newVerifyAnswer(checked *syncer.Checked, percent int) verifyAnswer {
	a := verifyAnswer{OK: checked.OK, Blocks: checked.Blocks, Bytes: checked.Bytes, Problems: []problemJSON{}, Mended: checked.Mended, percent: percent}
	for _, text := range checked.Problems {
		p := syncer.Describe(format.ErrDamaged)
		p.Text = text
		a.Problems = append(a.Problems, newProblemJSON(p))
	}
	return a
}

func (a verifyAnswer) people(w io.Writer) {
	for i, p := range a.Problems {
		if i == maxNamed {
			fmt.Fprintln(w, "  … and more: --json names all")
			break
		}
		fmt.Fprintf(w, "  %s\n", shown(p.Text))
	}
	fmt.Fprintf(w, "Checked %s, %s read.\n", many(a.Blocks, "block", "blocks"), size(a.Bytes))
	if a.Mended > 0 {
		fmt.Fprintf(w, "%s back from another storage. Run it once more to see whether all is well.\n", many(int64(a.Mended), "lost or damaged part was brought", "lost or damaged parts were brought"))
	}
	switch {
	case !a.OK:
		fmt.Fprintln(w, "Not everything is as it should be.")
	case a.percent == 100:
		fmt.Fprintln(w, "Everything is there and unharmed.")
	default:
		fmt.Fprintf(w, "Everything is there, and the %d %% that were read are unharmed.\n", a.percent)
	}
}
