package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// What callers branch on.
var (
	// ErrConflict: a link, file or folder stands where something of another kind has to be. It was left alone.
	ErrConflict = errors.New("something else is in the way")
	// ErrExists: the name is taken and replacing was not asked for. What has it was left alone.
	ErrExists = errors.New("name already exists")
	// ErrBadName: the name cannot be one entry of a directory here.
	ErrBadName = errors.New("name not possible here")
	// ErrNotRegular: what was to be read is not, or no longer, a regular file.
	ErrNotRegular = errors.New("not a regular file")
	// ErrNotDir: what was to be entered is not, or no longer, a directory.
	ErrNotDir = errors.New("not a folder")
	// ErrReadOnly: the file system does not accept changes.
	ErrReadOnly = errors.New("file system is read-only")
	// ErrNoSpace: the disk, or this person's share of it, is full.
	ErrNoSpace = errors.New("disk is full")
	// ErrNoHardLink: these two names cannot share one file, on this file system or between these two; copy instead.
	ErrNoHardLink = errors.New("hard link not possible")
)

// marked is a system error that also matches one of our sentinels.
type marked struct{ sentinel, cause error }

func (e *marked) Error() string   { return e.cause.Error() }
func (e *marked) Unwrap() []error { return []error{e.sentinel, e.cause} }

// mark makes the causes that callers branch on match their sentinel; other errors come back as they are.
func mark(err error) error {
	switch {
	case err == nil:
		return nil
	case isReadOnly(err):
		return &marked{ErrReadOnly, err}
	case isNoSpace(err):
		return &marked{ErrNoSpace, err}
	}
	return err
}

// fail is the error of op on the entry name. An err that names its file already is stripped of that first.
func fail(op, name string, err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return &fs.PathError{Op: op, Path: name, Err: mark(err)}
}

// failAs is fail with a sentinel that the caller of fail knows better than the system does.
func failAs(op, name string, sentinel, cause error) error {
	return &fs.PathError{Op: op, Path: name, Err: &marked{sentinel, cause}}
}

// EntryErrors is returned by [Dir.ReadDir] beside the entries it could read: what is there but could not be looked at.
type EntryErrors []EntryError

// EntryError is one of [EntryErrors].
type EntryError struct {
	Name string
	Err  error
}

func (e EntryErrors) Error() string {
	if len(e) == 1 {
		return "look at an entry: " + e[0].Err.Error()
	}
	return fmt.Sprintf("look at %d entries, the first: %v", len(e), e[0].Err)
}

// Unwrap lets [errors.Is] find the causes.
func (e EntryErrors) Unwrap() []error {
	errs := make([]error, len(e))
	for i := range e {
		errs[i] = e[i].Err
	}
	return errs
}

// MetaWarning is returned when content is in place, complete, but some of its metadata was not accepted. It unwraps
// to nothing: no cause in it may be taken for a failure of the content.
type MetaWarning struct {
	Names  []string // of extended attributes, or "owner", "mode", "mtime", "setuid" (setuid or setgid left out)
	causes []error  // of each, same order
}

func (w *MetaWarning) Error() string {
	var b strings.Builder
	b.WriteString("restored without")
	for i, name := range w.Names {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, " %s (%v)", name, w.causes[i])
	}
	return b.String()
}

// add notes that name was not accepted; a nil err is no news.
func (w *MetaWarning) add(name string, err error) {
	if err != nil {
		w.Names = append(w.Names, name)
		w.causes = append(w.causes, err)
	}
}

// orNil is w as an error, nil when there is nothing to warn of.
func (w *MetaWarning) orNil() error {
	if len(w.Names) == 0 {
		return nil
	}
	return w
}

// errOtherOwner is why a right that belongs to a person was not given to another.
var errOtherOwner = errors.New("belongs to another owner here")
