// Command roost is the window, the headless program and every verb of Roost; which one, its arguments say.
package main

import (
	"context"
	"io"
	"os"
)

func main() {
	collectEarly()
	std := streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv}
	os.Exit(run(os.Args[1:], std))
}

// streams is what a process is given to talk with.
type streams struct {
	in  *os.File
	out io.Writer // the answer: for people, or one JSON object
	err *os.File  // everything else for people
	env func(string) string
}

// run does what the arguments ask for and returns the exit code.
func run(args []string, std streams) int {
	c := &call{streams: std, json: wantsJSON(args)}
	ctx, stop := c.interruptible(context.Background())
	defer stop()
	if err := c.parse(args); err != nil {
		return c.finish(ctx, nil, err)
	}
	answer, err := c.do(ctx, c)
	return c.finish(ctx, answer, err)
}
