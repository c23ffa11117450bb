package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"roost/syncer"
)

type movedAnswer struct {
	From   string      `json:"from"`
	To     string      `json:"to"`
	Step   string      `json:"step"`   // copying, verified, both, drilled, done, cleaning, cleaned
	Blocks int64       `json:"blocks"` // read back from the new storage, this time
	Bytes  int64       `json:"bytes"`  // of their content
	Drills []drillJSON `json:"drills"`
	Nodes  []nodeJSON  `json:"nodes"`
}

func nodeMove(ctx context.Context, c *call) (a answer, err error) {
	o := syncer.MoveOptions{From: c.rest[0], Clean: c.has("clean-old")}
	if c.has("to") {
		if c.has("node") {
			return nil, usage(c.command, "--to and --node exclude each other.")
		}
		c.values["node"] = c.value("to")
	}
	if c.namesStorage() {
		opts, err := c.options(ctx)
		if err != nil {
			return nil, err
		}
		if o.To, err = c.storage(ctx, opts.Home); err != nil {
			return nil, err
		}
	}
	err = c.work(ctx, func(e engine) error {
		m := c.meter()
		defer m.end()
		got, err := e.MoveNode(ctx, o, c.announced(m))
		if got == nil {
			return err
		}
		m.end()
		if err == nil && got.Step == syncer.MoveDone && !c.json && isTerminal(c.in) {
			if c.yes(fmt.Sprintf("%s has everything now. Remove your backup from %s? Type yes: ", shown(got.To), shown(got.From))) {
				o.Clean = true
				got, err = e.MoveNode(ctx, o, nil)
			}
		}
		moved := movedAnswer{From: got.From, To: got.To, Step: got.Step, Blocks: got.Blocks, Bytes: got.Bytes, Drills: []drillJSON{}}
		if got.Drill != nil {
			moved.Drills = newDrills([]syncer.Drilled{*got.Drill})
		}
		nodes, nerr := listNodes(ctx, e)
		if nerr == nil {
			moved.Nodes = nodes.(nodesAnswer).Nodes
		}
		a = moved
		if err == nil {
			err = nerr
		}
		return err
	})
	return a, err
}

// yes asks on the terminal.
func (c *call) yes(question string) bool {
	fmt.Fprint(c.err, question)
	var answer string
	if n, _ := fmt.Fscanln(c.in, &answer); n == 0 {
		return false // an empty line, or nobody there
	}
	return strings.EqualFold(answer, "yes")
}

func (a movedAnswer) people(w io.Writer) {
	from, to := shown(a.From), shown(a.To)
	drillAnswer{Drills: a.Drills}.people(w)
	switch a.Step {
	case syncer.MoveCleaned:
		fmt.Fprintf(w, "%s took the place of %s, which holds nothing of your backup any more.\n", to, from)
	case syncer.MoveDone:
		fmt.Fprintf(w, "%s took the place of %s, which still gets a copy of everything.\nTo clean it: roost node move %s --clean-old\n", to, from, from)
	case syncer.MoveCleaning:
		fmt.Fprintf(w, "%s took the place of %s. The cleaning there is not finished; to go on: roost node move %s --clean-old\n", to, from, from)
	default:
		fmt.Fprintf(w, "%s is still in charge. To go on: roost node move %s\n", from, from)
	}
}
