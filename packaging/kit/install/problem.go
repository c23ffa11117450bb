package install

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"roost/packaging/kit"
	"roost/syncer"
)

// What can be in the way. Nothing was changed on the other machine, but for ErrScript and ErrLost, and those are mended by
// running it again.
var (
	ErrData        = errors.New("the folder for the files is no absolute path of plain letters")
	ErrUnreachable = errors.New("the other machine does not answer")
	ErrNoSSH       = errors.New("the other machine does not let anybody log in over SSH")
	ErrUnknownHost = errors.New("the other machine is not known yet")
	ErrOtherHost   = errors.New("another machine answers than the one that was expected")
	ErrPassword    = errors.New("the other machine does not take this user and password")
	ErrNoPassword  = errors.New("the other machine asks for a password")
	ErrOnlyKeys    = errors.New("the other machine takes no passwords")
	ErrNotDebian   = errors.New("the other machine does not run Debian or a relative of it")
	ErrProcessor   = errors.New("there are no programs for the other machine's processor")
	ErrNoRoot      = errors.New("this user may not install anything on the other machine")
	ErrSpace       = errors.New("the other machine has too little space")
	ErrCopy        = errors.New("the kit could not be copied to the other machine")
	ErrNoStorage   = errors.New("the other machine is no storage that Roost set up")
	ErrScript      = errors.New("the installation on the other machine stopped")
	ErrLost        = errors.New("the connection to the other machine was lost")
)

var problems = []struct {
	err error
	syncer.Problem
}{
	{kit.ErrNoParts, syncer.Problem{
		Code: "no_kit", Title: "The programs for the other machine are not complete on this computer", Text: "Nothing was changed.", Exit: syncer.ExitHome,
		Action: "Install Roost with its kit, or build that", Terminal: "Run make kit where Roost is built, or name the folder that it wrote in ROOST_KIT.",
	}},
	{kit.ErrNotEmpty, syncer.Problem{
		Code: "kit_folder", Title: "There is something else in the folder", Text: "Nothing was changed.", Exit: syncer.ExitUsage,
		Action: "Choose another folder",
	}},
	{kit.ErrWrite, syncer.Problem{
		Code: "computer", Title: "The kit could not be written", Text: "Nothing was changed.", Exit: syncer.ExitHome,
		Action: "Free up space or choose another place, and try again",
	}},
	{ErrData, syncer.Problem{
		Code: "install_data", Title: "The folder for the files cannot be used", Text: "It begins with a slash and has only letters, digits, - _ and dots.", Exit: syncer.ExitUsage,
		Action: "Write it like this: /mnt/drive/roost",
	}},
	{ErrUnreachable, syncer.Problem{
		Code: "install_unreachable", Title: "The other machine does not answer", Text: "Nothing was changed there.",
		Action: "Check its name, and that it is switched on and connected",
	}},
	{ErrNoSSH, syncer.Problem{
		Code: "install_no_ssh", Title: "Nobody can log in to the other machine over SSH", Text: "Nothing was changed there.",
		Action: "Switch SSH on there",
	}},
	{ErrUnknownHost, syncer.Problem{
		Code: "install_unknown_host", Title: "The other machine is not known yet", Text: "Nothing was changed there.",
		Action: "Compare its key", Terminal: "Compare the key with the one that the machine itself tells (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), and give it with --host-key.",
	}},
	{ErrOtherHost, syncer.Problem{
		Code: "install_other_host", Title: "Another machine answers than the one that was expected", Text: "It may have been set up anew, or somebody is in between. The password was not sent.",
		Action: "Compare its key", Terminal: "Compare the key with the one that the machine itself tells (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub). If it is right, give it with --host-key.",
	}},
	{ErrPassword, syncer.Problem{
		Code: "install_password", Title: "The other machine does not take this user and password", Text: "Many machines take no password for root. Nothing was changed there.",
		Action: "Check the user and the password",
	}},
	{ErrNoPassword, syncer.Problem{
		Code: "install_no_password", Title: "The other machine asks for a password", Text: "Nothing was changed there.",
		Action: "Type the password", Terminal: "Run it on a terminal, or give --password-file.",
	}},
	{ErrOnlyKeys, syncer.Problem{
		Code: "install_only_keys", Title: "The other machine takes no passwords, and none of your SSH keys", Text: "Nothing was changed there.",
		Action: "Unlock your SSH key (ssh-add), or allow passwords there for a moment",
	}},
	{ErrNotDebian, syncer.Problem{
		Code: "install_not_debian", Title: "The other machine runs another system than Debian", Text: "Roost installs on Debian, Raspberry Pi OS and their relatives. Nothing was changed there.",
		Action: "Use the kit for a network drive",
	}},
	{ErrProcessor, syncer.Problem{
		Code: "install_processor", Title: "There are no programs for the other machine's processor", Text: "It takes a 64-bit system; a Raspberry Pi of the last years can run one. Nothing was changed there.",
		Action: "Install the 64-bit system there",
	}},
	{ErrNoRoot, syncer.Problem{
		Code: "install_no_root", Title: "This user may not install anything on the other machine", Text: "Nothing was changed there.",
		Action: "Log in as a user who may use sudo",
	}},
	{ErrSpace, syncer.Problem{
		Code: "install_space", Title: "The other machine has too little space for the programs", Text: "Nothing was changed there.",
		Action: "Free up some space there",
	}},
	{ErrCopy, syncer.Problem{
		Code: "install_copy", Title: "The kit could not be copied to the other machine", Text: "Nothing was installed there.",
		Action: "Try again", Retry: true,
	}},
	{ErrNoStorage, syncer.Problem{
		Code: "install_no_storage", Title: "The machine to join with is no storage that Roost set up", Text: "Nothing was changed there.",
		Action: "Check its name, or take its connection code instead",
	}},
	{ErrScript, syncer.Problem{
		Code: "install_stopped", Title: "The installation on the other machine stopped", Text: "What was done there stays, and running it again goes on with the rest.",
		Action: "Look at the details, and try again", Retry: true,
	}},
	{ErrLost, syncer.Problem{
		Code: "install_lost", Title: "The connection to the other machine was lost", Text: "What was done there stays, and running it again goes on with the rest.",
		Action: "Try again", Retry: true,
	}},
}

// Error is what is in the way, with its problem in a person's words.
type Error struct {
	problem syncer.Problem
	err     error
}

func (e *Error) Error() string { return e.err.Error() }

func (e *Error) Unwrap() error { return e.err }

// Problem is what a person is told.
func (e *Error) Problem() syncer.Problem { return e.problem }

// failed gives a cause the words of a sentinel.
func failed(sentinel, cause error) error {
	return inWords(sentinel, fmt.Errorf("%w: %w", sentinel, cause))
}

// inWords gives an error that wraps a sentinel its words.
func inWords(sentinel, err error) error {
	for _, row := range problems {
		if row.err == sentinel {
			p := row.Problem
			p.Severity, p.Exit = "needs_you", cmp.Or(p.Exit, syncer.ExitStorage)
			p.Detail = strings.TrimPrefix(err.Error(), sentinel.Error()+": ") + "."
			return &Error{p, err}
		}
	}
	panic(sentinel) // one without a row
}
