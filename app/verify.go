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
		name: "verify", usage: []string{"[--read PERCENT]"}, run: verify,
		about: "prove that the storage holds everything, unharmed",
		help: `Asks the storage, past everything that is remembered here, for each version's structure, and then reads its
content: all of it, or the percentage given. What is found damaged is sent again by the next backup, as far as
this computer still has it.`,
		flags: []flag{{name: "read", arg: "PERCENT", help: "how much content to read, 0 to 100 (100)"}},
	}
}

type verifyAnswer struct {
	OK       bool          `json:"ok"`
	Blocks   int64         `json:"checked_blocks"`
	Bytes    int64         `json:"checked_bytes"`
	Problems []problemJSON `json:"problems"`
	percent  int
}

func verify(ctx context.Context, c *call) (a answer, err error) {
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
		if err == nil && !checked.OK {
			err = fmt.Errorf("verify: %s: %w", many(int64(len(checked.Problems)), "problem", "problems"), format.ErrDamaged)
		}
		return err
	})
	return a, err
}

func newVerifyAnswer(checked *syncer.Checked, percent int) verifyAnswer {
	a := verifyAnswer{OK: checked.OK, Blocks: checked.Blocks, Bytes: checked.Bytes, Problems: []problemJSON{}, percent: percent}
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
	switch {
	case !a.OK:
		fmt.Fprintln(w, "Not everything is as it should be.")
	case a.percent == 100:
		fmt.Fprintln(w, "Everything is there and unharmed.")
	default:
		fmt.Fprintf(w, "Everything is there, and the %d %% that were read are unharmed.\n", a.percent)
	}
}
