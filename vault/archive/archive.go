// Package archive is a backup on a disk without IPFS: every block as a file of a folder, or all of them in one CAR file.
//
// Both hold the same DAG. Its top is an ordinary UnixFS directory that has the pointer directory in it, which has the
// roots: `ipfs dag import` of a CAR and one `ipfs files cp` make a storage of it again, without Roost. Nothing in it is
// readable without the words.
//
// A folder has
//
//	README.txt        what this is, in words
//	root              the CID of the top, written last: without it the copy is unfinished
//	blocks/XX/CID     the blocks; XX are the last but one two characters of the CID
//
// A CAR is a CARv1 whose header names the top; until it is complete its name ends in ".part".
package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ipfs/go-cid"

	"roost/vault/format"
	"roost/vault/node"
)

// Errors that callers branch on.
var (
	ErrNotArchive = errors.New("not a backup that Roost wrote to a disk")
	ErrUnfinished = errors.New("the backup on this disk was not written to its end")
	ErrDamaged    = fmt.Errorf("the backup on this disk is damaged: %w", format.ErrDamaged)
	ErrWrite      = errors.New("the backup cannot be written there")
	ErrOther      = errors.New("something else is there already")
)

// Writer takes the blocks of a backup. What it took survives a crash from Finish on, and most of it before: an interrupted
// copy that is begun again has the blocks already. Its methods may be called from several goroutines at once.
type Writer interface {
	// Has tells whether a block is there, unharmed.
	Has(c cid.Cid) (bool, error)
	// Put writes a block that is not there, after it was checked against its name.
	Put(c cid.Cid, data []byte) error
	// Finish makes everything last, with top as the way in.
	Finish(top cid.Cid) error
	// Close lets go of the files; without Finish, what was written waits for the next time.
	Close() error
}

// Reader gives the blocks of a backup.
type Reader interface {
	// Top is the way in.
	Top() cid.Cid
	// Get returns a block whose bytes fit its name. Errors: node.ErrNotFound, ErrDamaged.
	Get(ctx context.Context, c cid.Cid) ([]byte, error)
	Close() error
}

const (
	carSuffix  = ".car"
	partSuffix = ".part"
)

// IsCAR tells whether a path names one file rather than a folder.
func IsCAR(path string) bool { return strings.EqualFold(filepath.Ext(path), carSuffix) }

// IsBackup tells whether there is a copy at path, finished or not, rather than a folder of something else.
func IsBackup(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return true // of a file or of nothing, Open says what it is
	}
	_, err := openDir(path)
	return !errors.Is(err, ErrNotArchive)
}

// Create begins a copy at path, or goes on with one: a CAR where it ends in ".car", else a folder. Errors: ErrOther for a
// folder that holds something else and for a CAR that is there, ErrWrite.
func Create(path string) (Writer, error) {
	if IsCAR(path) {
		return createCAR(path)
	}
	return createDir(path)
}

// Open opens a complete copy. Errors: ErrNotArchive, ErrUnfinished, ErrDamaged.
func Open(path string) (Reader, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(path + partSuffix); err == nil && IsCAR(path) {
			return nil, fmt.Errorf("%w: %s", ErrUnfinished, path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w: %w", path, ErrNotArchive, err)
	}
	if info.IsDir() {
		return openDir(path)
	}
	return openCAR(path)
}

// check compares a block with its name.
func check(c cid.Cid, data []byte) error {
	want, _, err := format.DigestOf(c)
	if err != nil {
		return err
	}
	if format.Sum(data) != want {
		return fmt.Errorf("%w: block %s", ErrDamaged, c)
	}
	return nil
}

// toWrite is a block that can be written.
func toWrite(c cid.Cid, data []byte) error {
	if len(data) > node.MaxBlockSize {
		return fmt.Errorf("write block %s: %d bytes are more than a block has", c, len(data))
	}
	if err := check(c, data); err != nil {
		return fmt.Errorf("write block %s: %w", c, node.ErrWrongBytes)
	}
	return nil
}

func writeError(what string, err error) error {
	return fmt.Errorf("%s: %w: %w", what, ErrWrite, err)
}
