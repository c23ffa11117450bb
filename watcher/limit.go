package watcher

import (
	"errors"
	"fmt"
)

// limitError is [ErrLimit] with which limit it is and what raises it.
type limitError struct {
	limit string // as the system calls it
	now   int    // 0: not known
	fix   string // a whole sentence's rest, after "to raise it, "
	cause error

	current func() int // what it is at the time of the call; nil if it cannot be asked for
}

// raised tells whether the limit that err is about is higher by now.
func raised(err error) bool {
	e, ok := errors.AsType[*limitError](err)
	return ok && e.current != nil && e.current() > e.now
}

func (e *limitError) Error() string {
	text := ErrLimit.Error() + ": the limit is " + e.limit
	if e.now > 0 {
		text += fmt.Sprintf(", now %d", e.now)
	}
	if e.fix != "" {
		text += "; to raise it, " + e.fix
	}
	return text
}

func (e *limitError) Unwrap() []error { return []error{ErrLimit, e.cause} }
