package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"

	"roost/syncer"
)

// logName is the file in the home that says what a Roost that keeps folders did, for who is phoned for help. It names no file
// of the person and holds no secret, so that it can be handed on: of what is not known to be harmless, only that it was there
// is written down.
const logName = "roost.log"

// mostLog is how large the file grows before it is put aside and begun anew; one older one is kept.
const mostLog = 1 << 20

// logFile is a log that is put aside when it is full.
type logFile struct {
	path string
	most int64 // bytes

	mu   sync.Mutex // guards below
	f    *os.File
	size int64
}

// openLog opens the log of a home, which goes on where it ended.
func openLog(home string) (*logFile, error) {
	l := &logFile{path: filepath.Join(home, logName), most: mostLog}
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *logFile) open() error {
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	fi, err := f.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("open the log: %w", err), f.Close())
	}
	l.f, l.size = f, fi.Size()
	return nil
}

// Write appends one line. When the file is full, the line begins a new one.
func (l *logFile) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > 0 && l.size+int64(len(line)) > l.most {
		if err := l.turn(); err != nil {
			return 0, err
		}
	}
	n, err := l.f.Write(line)
	l.size += int64(n)
	return n, err
}

// turn puts the file aside and begins a new one. Where it cannot be put aside, it goes on.
func (l *logFile) turn() error {
	if err := errors.Join(l.f.Close(), os.Rename(l.path, olderLog(l.path))); err != nil {
		return errors.Join(err, l.open())
	}
	return l.open()
}

func olderLog(path string) string { return path + ".1" }

func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.f.Close()
}

// handler writes into the file what a person's helper wants to know.
func (l *logFile) handler() slog.Handler {
	return slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: harmless})
}

// unsaid stands for what may be a name or a secret.
const unsaid = "(not written down)"

// harmlessTexts are the attributes that may be text, with what it looks like then.
var harmlessTexts = map[string]*regexp.Regexp{
	"problem": regexp.MustCompile(`^[a-z_]{1,40}$`),
	"folder":  regexp.MustCompile(`^[0-9a-f]{32}$`), // its id
	"version": regexp.MustCompile(`^[0-9a-z.+-]{1,40}$`),
}

// harmless lets through what can be neither a name nor a secret: numbers, times, ids, and what kind of error it was.
func harmless(groups []string, a slog.Attr) slog.Attr {
	_, level := a.Value.Any().(slog.Level)
	if level || len(groups) == 0 && a.Key == slog.MessageKey { // messages are sentences of ours
		return a
	}
	switch a.Value.Kind() {
	case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindInt64, slog.KindTime, slog.KindUint64, slog.KindGroup:
		return a
	case slog.KindString:
		if is := harmlessTexts[a.Key]; is != nil && is.MatchString(a.Value.String()) {
			return a
		}
	case slog.KindAny:
		if err, ok := a.Value.Any().(error); ok {
			return slog.String(a.Key, kindOf(err))
		}
	case slog.KindLogValuer:
	}
	return slog.String(a.Key, unsaid)
}

// kindOf is what kind of error it was, without its words: the problem that it is, and what the system said.
func kindOf(err error) string {
	kind := syncer.Describe(err).Code
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		kind += ": " + errno.Error()
	}
	return kind
}
