package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"roost/syncer"
)

// problemError is an error that knows its own problem, instead of having it looked up in the engine's table.
type problemError struct {
	problem syncer.Problem
	cause   error // nil: the problem says it all
}

func (e *problemError) Error() string {
	if e.cause != nil {
		return e.cause.Error()
	}
	return e.problem.Title
}

func (e *problemError) Unwrap() error { return e.cause }

// Problem lets the window ask for it.
func (e *problemError) Problem() syncer.Problem { return e.problem }

// usage is the error of a command line that makes no sense; the sentence is followed by how to call the command.
func usage(c *command, format string, args ...any) error {
	action := "Run: roost --help"
	if c != nil {
		action = "Usage: " + strings.Join(c.usageLines(), "\n       ")
	}
	return &problemError{problem: syncer.Problem{
		Code: "usage", Severity: "info", Title: sentence(fmt.Sprintf(format, args...)), Action: action, Exit: syncer.ExitUsage,
	}}
}

// computerError is the error of something on this computer, other than the home, that cannot be written.
func computerError(what string, cause error) error {
	return &problemError{cause: cause, problem: syncer.Problem{
		Code: "computer", Severity: "needs_you", Title: sentence(what), Text: sentence(cause.Error()), Exit: syncer.ExitHome,
		Action: "Free up space or choose another place, and try again.",
	}}
}

var errInterrupted = errors.New("stopped by a signal")

// describe turns what ended a run into words and an exit code.
func describe(ctx context.Context, err error) syncer.Problem {
	if known, ok := errors.AsType[*problemError](err); ok {
		return known.problem
	}
	if errors.Is(context.Cause(ctx), errInterrupted) {
		return syncer.Describe(context.Canceled) // whatever it broke on its way out
	}
	p := syncer.Describe(err)
	if p.Exit <= syncer.ExitSome { // which promises that the rest was done
		p.Exit = syncer.ExitHome
	}
	return p
}

// interruptible returns a context that the first SIGINT or SIGTERM ends; the second one ends the process. stop gives the
// terminal back as it was.
func (c *call) interruptible(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-signals:
			cancel(errInterrupted)
			fmt.Fprintln(c.err, "\nStopping. What is saved stays saved. Again to stop at once.")
		case <-done:
			return
		}
		select {
		case <-signals:
			c.screen.restore()
			os.Exit(syncer.ExitStopped)
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		<-ended
		cancel(nil)
		c.screen.restore()
	}
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	if first := s[0]; 'a' <= first && first <= 'z' {
		s = string(first-'a'+'A') + s[1:]
	}
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") || strings.HasSuffix(s, "!") {
		return s
	}
	return s + "."
}
