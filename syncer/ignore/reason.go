package ignore

import "fmt"

// Reason is why something is left out: a line, a preset or the limit. The window makes its own words of the fields.
type Reason struct {
	File    string // path below the folder of the .roostignore whose line decided; "": none did
	Line    int    // in File, from 1
	Pattern string // the line as it was written
	Preset  string // Preset.Name; "": none
	Limit   int64  // the size in bytes that the file exceeds; 0: not that
}

func (r Reason) String() string {
	switch {
	case r.File != "":
		return fmt.Sprintf("left out by %s, line %d: %s", r.File, r.Line, r.Pattern)
	case r.Preset != "":
		return fmt.Sprintf("left out by the rule %q", r.Preset)
	case r.Limit != 0:
		return fmt.Sprintf("larger than %d bytes", r.Limit)
	}
	return ""
}

// Fault is what is wrong with a .roostignore, or with one line of it.
type Fault uint8

// A .roostignore with one of the first five counts as if it were not there, so that more is kept, never less. A line
// with one of the next two leaves nothing out and brings nothing back; the others of its file count.
const (
	None       Fault = iota
	IsFolder         // it is a directory
	IsLink           // it is a link, which is not followed
	Unreadable       // it could not be read
	TooLarge         // more than MaxFileSize bytes or MaxPatterns patterns
	NotText          // it holds zero bytes: often text saved as UTF-16

	BadPattern // no name can match it: a bracket without an end, a backslash at the end, nothing but "!" or "/"
	LongLine   // longer than any path

	Everything // the folder's own .roostignore leaves out all of it; legal, and probably not meant
)

// Warning is what a person should be told of a .roostignore.
type Warning struct {
	File  string // path below the folder
	Line  int    // from 1; 0: the file as a whole
	Text  string // the line as it was written; not that of a LongLine
	Fault Fault
}

func (w Warning) String() string {
	switch w.Fault {
	case IsFolder:
		return fmt.Sprintf("%s is a folder, not a file of rules", w.File)
	case IsLink:
		return fmt.Sprintf("%s is a link, which is not followed: its rules do not count", w.File)
	case Unreadable:
		return fmt.Sprintf("%s could not be read: its rules do not count", w.File)
	case TooLarge:
		return fmt.Sprintf("%s is too large: its rules do not count", w.File)
	case NotText:
		return fmt.Sprintf("%s is not plain text: its rules do not count", w.File)
	case BadPattern:
		return fmt.Sprintf("%s, line %d can match nothing: %s", w.File, w.Line, w.Text)
	case LongLine:
		return fmt.Sprintf("%s, line %d is too long and does not count", w.File, w.Line)
	case Everything:
		return fmt.Sprintf("%s, line %d leaves out the whole folder: %s", w.File, w.Line, w.Text)
	}
	return ""
}
