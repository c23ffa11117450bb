// Package disk reads and writes a person's files with everything the operating system keeps about them, and never
// through a link.
//
// Every operation names one entry of one open directory; a path is never built, so nothing below the chosen folder
// can be swapped for a link while we walk, and depth has no limit but the number of open directories. A caller
// that walks deep may close the parent while it holds the child.
//
// On Linux and macOS this is openat with O_NOFOLLOW. On Windows it is [os.Root], which never leaves the folder but
// follows links inside it; there each step is checked by file identity, and dir_windows.go says what remains.
//
// Errors are *[fs.PathError] with the entry's name, not its path; they match the sentinels here, [fs.ErrNotExist],
// [fs.ErrPermission] and the system's own numbers through [errors.Is].
package disk

// Unfinished is the mode that [Dir.Mkdir] gives a folder from its first moment: private, and with a sticky bit that means
// nothing there. A restore that finds it knows that an interrupted one made the folder, and gives it the recorded metadata
// after all. Windows has no such mode.
const Unfinished = 0o1700

// Kind tells what an entry is.
type Kind uint8

// The kinds of entry. Only the first three can be kept; [Entry.What] has the word for the rest.
const (
	File      Kind = iota + 1
	Directory      // [Dir] is an open one
	Symlink
	Other // named pipe, socket, device, and on Windows a junction
)

// String returns the kind in a person's words.
func (k Kind) String() string {
	switch k {
	case File:
		return "file"
	case Directory:
		return "folder"
	case Symlink:
		return "link"
	}
	return "special file"
}

// Entry is what the operating system says about one name, without following it when it is a link.
type Entry struct {
	Name      string // raw bytes as the system gives them, not necessarily UTF-8; empty from [Dir.Stat]
	Kind      Kind
	Mode      uint32 // permission bits with setuid, setgid and sticky: 0o7777
	Size      int64  // bytes; 0 unless a File
	Blocks    int64  // units of 512 bytes the content takes on disk; under Size/512 it may have holes; -1 if unknown
	MTimeSec  int64  // seconds since 1970, negative before
	MTimeNsec int32  // 0 to 999,999,999, always forward from MTimeSec
	CTimeSec  int64  // when anything about the entry last changed; 0 on Windows
	CTimeNsec int32
	Inode     uint64 // with Dev the identity of the file; 0 on Windows
	Dev       uint64 // differs from the directory's where another file system is mounted
	Links     uint64 // names this file has; 1 on Windows
	UID, GID  uint32 // 0 on Windows

	special special
}

// special tells the kinds of Other apart.
type special uint8

const (
	namedPipe special = iota + 1
	socket
	device
	junction
)

// What returns what the entry is in a person's words, such as "file" or "named pipe".
func (e Entry) What() string {
	switch e.special {
	case namedPipe:
		return "named pipe"
	case socket:
		return "socket"
	case device:
		return "device"
	case junction:
		return "junction"
	}
	return e.Kind.String()
}

// Xattr is one extended attribute. POSIX access control lists are attributes too, in the kernel's own encoding.
type Xattr struct {
	Name  string
	Value []byte
}

// Range is Len bytes from Off.
type Range struct{ Off, Len int64 }

// Meta is what is written beside the content.
type Meta struct {
	Mode      uint32 // as in [Entry]; setuid and setgid are left out when the owner is not the recorded one
	MTimeSec  int64
	MTimeNsec int32
	UID, GID  uint32
	HasOwner  bool    // whether UID and GID were recorded; they are set only when running as root
	Xattrs    []Xattr // any order
}
