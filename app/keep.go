package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"syscall"

	"roost/syncer"
)

// keep runs the engine until attend returns or ctx ends, and answers other processes meanwhile: it is what both the
// window and `roost run` do. show brings the window to the front; nil without one. Errors: errRunning when a Roost does
// so already.
func (c *call) keep(ctx context.Context, show func(), attend func(context.Context, engine) error) error {
	home, err := homeDir(c.arguments, c.env)
	if err != nil {
		return err
	}
	if running, err := findRunning(ctx, home); err != nil || running != nil {
		return errors.Join(err, running.already())
	}
	defer c.writeLog(home)()
	return c.open(ctx, func(e *syncer.Engine) error {
		unlock, running, err := c.lock(ctx, e)
		if err != nil || running != nil {
			return errors.Join(err, running.already())
		}
		defer unlock()
		c.engineLog.Info("Roost keeps the folders of this home", "version", versionNumber)
		return together(
			ctx,
			func(ctx context.Context) error { return c.answerOthers(ctx, home, local{e}, show) },
			func(ctx context.Context) error { return e.Run(ctx) },
			func(ctx context.Context) error { return attend(ctx, local{e}) },
		)
	})
}

// answerOthers serves the control socket. Where the home's disk can hold none, the folders are kept all the same, and
// verbs say that the home is busy.
func (c *call) answerOthers(ctx context.Context, home string, e engine, show func()) error {
	l, err := listenSocket(home)
	if err != nil {
		reason := "unknown" // the error's own words have paths
		if errno, ok := errors.AsType[syscall.Errno](err); ok {
			reason = errno.Error()
		}
		c.engineLog.Warn("other processes cannot ask this Roost", "reason", reason)
		c.engineLog.Debug("the control socket could not be made", "error", err)
		<-ctx.Done()
		return nil
	}
	s := &server{engine: e, show: show, log: c.engineLog}
	return s.serve(ctx, l)
}

// together runs all of them; when one returns, the others are stopped. That they then end is no error.
func together(ctx context.Context, all ...func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, len(all))
	var running sync.WaitGroup
	for i, do := range all {
		running.Go(func() {
			defer stop()
			if err := do(ctx); ctx.Err() == nil || !errors.Is(err, context.Canceled) {
				errs[i] = err
			}
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

// errRunning: an engine runs with this home already.
var errRunning = errors.New("another process keeps the folders of this home")

// already is errRunning in words; nil for no remote.
func (r *remote) already() error {
	if r == nil {
		return nil
	}
	return &problemError{cause: errRunning, problem: syncer.Problem{
		Code: "running", Severity: "info", Exit: syncer.ExitBusy, Title: "Roost is running with this home already",
		Text:   fmt.Sprintf("Process %d keeps its folders.", r.hello.PID),
		Action: "Ask it how things are with roost status, or end it first",
	}}
}

// writeLog lets the engine write into the log of the home beside what goes to standard error. The function it returns ends
// that.
func (c *call) writeLog(home string) (end func()) {
	c.engineLog = c.log()
	file, err := openLog(home)
	if err != nil { // a home that is not there, most likely, which is said by who opens it
		c.engineLog.Info("there is no log file", "reason", err)
		return func() {}
	}
	c.engineLog = slog.New(slog.NewMultiHandler(c.engineLog.Handler(), file.handler()))
	return func() {
		c.engineLog = c.log()
		if err := file.Close(); err != nil {
			c.engineLog.Warn("the log file could not be closed", "reason", err)
		}
	}
}

// log is where the engine and the server say what only somebody who is phoned for help wants to know.
func (c *call) log() *slog.Logger {
	level := slog.LevelWarn
	if text := c.env("ROOST_LOG"); text != "" {
		if err := level.UnmarshalText([]byte(text)); err != nil {
			level = slog.LevelWarn
		}
	}
	return slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutTime}))
}

// withoutTime leaves the time to who keeps the log.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
