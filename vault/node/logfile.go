package node

import (
	"fmt"
	"io"
	"os"
)

// logFile is where a daemon writes what it has to say. The daemon writes to the file itself, not through us: it must be
// able to go on when we are gone.
type logFile string

const (
	logMost = 4 << 20 // bytes: a longer log is cut
	logKeep = 1 << 20 // bytes: to this much of its end
)

// open opens the log for appending, and returns its length.
func (l logFile) open() (*os.File, int64, error) {
	f, err := os.OpenFile(string(l), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("open storage log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, fmt.Errorf("open storage log: %w", err)
	}
	return f, info.Size(), nil
}

// since returns what was written after an offset, of a lot the end; nothing when it cannot be read.
func (l logFile) since(offset int64) []byte {
	f, err := os.Open(string(l))
	if err != nil {
		return nil
	}
	defer f.Close()
	const most = 64 << 10
	if info, err := f.Stat(); err == nil {
		offset = max(offset, info.Size()-most)
	}
	text, err := io.ReadAll(io.NewSectionReader(f, offset, most))
	if err != nil {
		return nil
	}
	return text
}

// trim cuts the log when it is too long. In place, since the daemon has the file open for appending; a line that it
// writes meanwhile is lost.
func (l logFile) trim() error {
	f, err := os.OpenFile(string(l), os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("trim storage log: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() <= logMost {
		return err
	}
	tail, err := io.ReadAll(io.NewSectionReader(f, info.Size()-logKeep, logKeep))
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.Write(tail)
	}
	if err != nil {
		return fmt.Errorf("trim storage log: %w", err)
	}
	return nil
}
